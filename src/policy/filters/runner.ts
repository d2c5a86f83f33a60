// SPDX-License-Identifier: Apache-2.0
/**
 * Runs scripts for the recipients of one message. A script that looks at nothing of the recipient's runs once, and its
 * result holds for all whose message it would see alike (spec filters.md 3, "Optimisation fact").
 */
import { domainOf } from '../../address/address.ts'
import type { Asking } from '../../ask/ask.ts'
import { subaddressSeparator } from '../../config/site-filters.ts'
import type { Recipient } from '../../envelope/envelope.ts'
import {
  LAST_VERDICT,
  type Score,
  type SieveEnvelope,
  type SieveMessage,
  type SieveRunResult,
  within,
} from '../../sieve/index.ts'
import { adapterFor } from './adapter.ts'
import { Matches } from './filter-trace.ts'
import type { Shared } from './filtering.ts'
import { type FilterScript, SIEVE_LEVEL } from './script.ts'
import type { ScriptRun, Walk } from './walk.ts'

/** Results kept of one program: edits for single recipients make more of them. */
const MAX_KEPT = 8
/** Octets of a message that a script put another text into, as the queue keeps it. */
const MAX_REPLACED = 1_048_576

const sameScore = (a: Score | undefined, b: Score | undefined): boolean =>
  a === b || (a?.score === b?.score && a?.text === b?.text)

export function* runScript(
  script: FilterScript,
  walk: Walk,
  shared: Shared,
  personalScript?: (name: string) => string | undefined,
): Asking<ScriptRun> {
  const { program } = script
  const { message, spam, flags } = walk
  const known = shared.kept
    .get(program)
    ?.find((kept) => kept.message === message && kept.flags === flags && sameScore(kept.spam, spam))
  if (known !== undefined) return known.run
  const matches = new Matches()
  const owner = script.owner[0]
  const { answers, personal } = adapterFor({
    revision: shared.context.revision,
    site: shared.site,
    user: walk.recipient.user,
    owner,
    message: shared.context.id,
    spam,
    personalScript,
  })
  const run = shared.site.engine.createRun(program, {
    message,
    envelope: envelopeFor(walk.recipient, shared),
    items: itemsFor(walk, shared),
    owner: script.owner,
    clock: () => shared.now,
    offsetMinutes,
    limits: shared.site.limits[SIEVE_LEVEL[script.level]],
    trace: matches.see,
    traceHeld: true,
    ...(flags === undefined ? {} : { flags }),
  })
  const result = usable(yield* within(run.asking(), answers), message, shared)
  const done: ScriptRun = { result, matched: matches.list }
  if (!program.perRecipient && !result.perRecipient && !personal()) {
    const kept = shared.kept.get(program) ?? []
    if (kept.length < MAX_KEPT) shared.kept.set(program, [...kept, { message, spam, flags, run: done }])
  }
  return done
}

/** RFC 5260 §4: the server's own zone, which the system has from its TZ. */
const offsetMinutes = (ms: number): number => -new Date(ms).getTimezoneOffset()

/** A message of which octets are missing, or too large for the queue's record, stays as it came; its header may change. */
function usable(result: SieveRunResult, before: SieveMessage, { truncated }: Shared): SieveRunResult {
  const { message } = result
  if (!message.replaced || message === before || before.replaced) return result
  if (!truncated && message.body.length <= MAX_REPLACED) return result
  const text = truncated
    ? 'the message is too large to be changed: scripts saw its beginning only'
    : `a changed message of more than ${MAX_REPLACED} octets is not kept`
  const place = { script: '', line: 0, column: 0 }
  return {
    ...result,
    message: before,
    headerEdits: before.headerEdits,
    actions: result.actions.map((action) => (action.message.replaced ? { ...action, message: before } : action)),
    log: [
      ...result.log,
      { severity: 'warning', phase: 'runtime', code: 'too-large-to-change', message: text, ...place },
    ],
  }
}

function envelopeFor(recipient: Recipient, { context }: Shared): SieveEnvelope {
  const { reversePath, account, ret, envid, carried } = context
  const { address, detail, orcpt, notify } = recipient
  const at = address.lastIndexOf('@')
  const tags = [...new Set([...(carried?.asked.tags ?? []), ...(recipient.tags ?? [])])]
  return {
    from: reversePath ?? '',
    // A subaddress was taken off; scripts ask for it (RFC 5233 `:detail`).
    to:
      detail === undefined
        ? address
        : `${address.slice(0, at)}${subaddressSeparator(context.revision.config)}${detail}${address.slice(at)}`,
    ...(orcpt === undefined ? {} : { orcpt: `${orcpt.type};${orcpt.address}` }),
    ...(account === undefined ? {} : { auth: account.login }),
    ...(notify === undefined
      ? {}
      : { notify: notify === 'never' ? ['NEVER'] : notify.map((each) => each.toUpperCase()) }),
    ...(ret === undefined ? {} : { ret: ret === 'full' ? 'FULL' : 'HDRS' }),
    ...(envid === undefined ? {} : { envid }),
    others: new Map([['conversiontag', tags]]),
  }
}

/** RFC 5183 and spec filters.md 3. */
function itemsFor({ recipient, lastVerdict }: Walk, { context }: Shared): ReadonlyMap<string, string> {
  const { client, helo, account, source, reversePath, revision } = context
  const { hostname } = revision.config.server
  const domain = domainOf(recipient.address)
  const internal = reversePath !== null && domainOf(reversePath).toLowerCase() === domain.toLowerCase()
  const items: [string, string | undefined][] = [
    ['domain', domain],
    ['host', hostname],
    ['remote-ip', client?.address],
    ['remote-host', helo],
    ['vnd.sun.source-channel', source],
    ['vnd.sun.destination-channel', recipient.channel],
    ['vnd.sun.autoreply-internal', internal ? 'TRUE' : 'FALSE'],
    ['vnd.sun.authenticated-sender-address', account?.addresses[0]],
    ['vnd.sun.authenticated-sender-id', account?.login],
    [LAST_VERDICT, lastVerdict],
  ]
  return new Map(items.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])))
}
