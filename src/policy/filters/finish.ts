// SPDX-License-Identifier: Apache-2.0
/**
 * From what the levels said to what is done for one recipient: spec filters.md 2, steps 4 and 5, and 8. Refuse before
 * jettison before hold before the decision; each target once.
 */
import { domainOf, localPartOf, type MailAddress, unquotedLocal } from '../../address/address.ts'
import { addressKey, parseAddress } from '../../address/path.ts'
import { fileintoAddress, userOf } from '../../config/filter-pattern.ts'
import type { ChannelConfig } from '../../config/schema-channels.ts'
import type { Recipient } from '../../envelope/envelope.ts'
import type { Copy, FiledCopy, FiledInto, Filtered, Redirected, VacationReply } from '../../envelope/filtered.ts'
import { describeFilterPlace, nothingFiltered } from '../../envelope/filtered.ts'
import { type FccArgs, normalizeFlags, type SieveMessage } from '../../sieve/index.ts'
import { filterEdits, withTags } from './message-edits.ts'
import { type FilterScript, isUserSide } from './script.ts'
import type { Walk, Wanted } from './walk.ts'

export interface FinishOptions {
  readonly channel: ChannelConfig
  readonly separator: string
  /** `$!`: no vacation reply. */
  readonly novacation: boolean
  /** `$Z`: thrown away by this rule, whatever a script says. */
  readonly jettison?: string | undefined
  /** What rules of groups have sent of this message already, for other members. */
  readonly sent: Set<string>
}

/** `undefined`: to the inbox as it came. */
export function finishWalk(walk: Walk, options: FinishOptions): Filtered | undefined {
  const tagged = withTags(walk.message, walk.tags)
  const edits = tagged.replaced ? [] : filterEdits(tagged.headerEdits)
  const nothing: Filtered = { ...nothingFiltered(walk.owner), edits, reports: walk.reports }
  const { refuse, decision, hold } = walk
  if (refuse !== undefined)
    return { ...nothing, by: refuse.by, refused: { how: 'refuse', reason: refuse.reason ?? '' } }
  if (options.jettison !== undefined)
    return { ...nothing, remember: walk.remember, dropped: { how: 'jettison', rule: options.jettison } }
  if (walk.jettison !== undefined) {
    const { by } = walk.jettison
    return { ...nothing, by, remember: walk.remember, dropped: { how: 'jettison', rule: describeFilterPlace(by) } }
  }
  const copyOf = (message: SieveMessage): Copy =>
    copy(message === walk.message ? tagged : withTags(message, walk.tags), tagged)
  const stored = stores(walk, options, copyOf)
  const redirects = redirections(walk, options.sent, copyOf)
  const somewhere = stored.keep !== undefined || stored.fileinto.length > 0 || redirects.length > 0
  const said = decision?.verdict
  const held = hold === undefined ? {} : { held: { reason: `held by the ${describeFilterPlace(hold)}` } }
  const by = decision === undefined ? {} : { by: decision.by }
  const both = {
    ...nothing,
    ...by,
    ...stored,
    redirects,
    ...held,
    notices: notices(walk, options.sent),
    remember: walk.remember,
  }
  if (decision !== undefined && (said === 'reject' || said === 'ereject'))
    return { ...both, refused: { how: said, reason: decision.reason ?? '' } }
  // What the site throws away is not answered either.
  const unanswered = said === 'discard' && decision !== undefined && !isUserSide(decision.script.level)
  const vacations = options.novacation || walk.novacation || unanswered ? [] : replies(walk)
  // A redirect that another member of the group has had leaves nothing to do here.
  if (decision !== undefined && (said === 'discard' || said === 'redirect') && !somewhere)
    return { ...both, vacations, dropped: { how: 'discard', rule: describeFilterPlace(decision.by) } }
  const done: Filtered = { ...both, vacations }
  return isPlain(done) ? undefined : done
}

/** Nothing but the inbox, as it came. */
const isPlain = (done: Filtered): boolean =>
  done.by === undefined &&
  done.keep?.flags.length === 0 &&
  done.keep.replaced === undefined &&
  done.held === undefined &&
  [done.fileinto, done.redirects, done.edits, done.vacations, done.notices, done.reports, done.remember].every(
    (list) => list.length === 0,
  )

function copy(message: SieveMessage, main: SieveMessage): Copy {
  if (message.replaced) return { replaced: message.bytes().toString('base64') }
  const edits = filterEdits(message.headerEdits)
  return JSON.stringify(edits) === JSON.stringify(filterEdits(main.headerEdits)) ? {} : { edits }
}

/** Spec filters.md 8: each mailbox once, `keep` and `fileinto "INBOX"` are one; flags come together. */
function stores(
  walk: Walk,
  { channel, separator }: FinishOptions,
  copyOf: (message: SieveMessage) => Copy,
): Pick<Filtered, 'keep' | 'fileinto'> {
  const files = channel.kind === 'maildir' || channel.kind === 'local'
  const pattern = 'fileinto' in channel ? channel.fileinto : undefined
  // No script was explicit: the implicit keep (RFC 5228 §2.10.2). A copy alone leaves it standing.
  let keep =
    walk.keep !== undefined
      ? { flags: walk.keep.flags, message: walk.keep.message }
      : walk.decision === undefined
        ? { flags: walk.flags ?? [], message: walk.message }
        : undefined
  const filed = new Map<string, FiledInto>()
  for (const { action, by, message } of walk.fileinto) {
    const { mailbox, flags = [], create, specialUse, mailboxId } = action.args
    const address = pattern === undefined ? undefined : addressOf(pattern, walk.recipient, mailbox, separator)
    const inbox = mailbox.toUpperCase() === 'INBOX' && specialUse === undefined && mailboxId === undefined
    // A channel that knows no folders and no pattern delivers as it would anyway (nofileinto).
    if (inbox || (!files && address === undefined)) {
      keep = keep === undefined ? { flags, message } : { ...keep, flags: normalizeFlags([...keep.flags, ...flags]) }
      continue
    }
    const key = JSON.stringify([mailbox, specialUse, mailboxId, address])
    const known = filed.get(key)
    filed.set(key, {
      mailbox,
      flags: known === undefined ? flags : normalizeFlags([...known.flags, ...flags]),
      create: create || known?.create === true,
      by: known?.by ?? by,
      ...(address === undefined ? {} : { address, ...(files ? ownDetail(address, walk.recipient, separator) : {}) }),
      ...(specialUse === undefined ? {} : { specialUse }),
      ...(mailboxId === undefined ? {} : { mailboxId }),
      ...copyOf(message),
    })
  }
  return {
    ...(keep === undefined ? {} : { keep: { flags: keep.flags, ...copyOf(keep.message) } }),
    fileinto: [...filed.values()],
  }
}

function addressOf(
  pattern: string,
  { address, detail, user }: Recipient,
  folder: string,
  separator: string,
): MailAddress | undefined {
  const at = address.lastIndexOf('@')
  const localPart = address.slice(0, at)
  const text = fileintoAddress(pattern, {
    address: detail === undefined ? address : `${localPart}${separator}${detail}${address.slice(at)}`,
    domain: domainOf(address),
    localPart,
    user: userOf(user?.replace(/@.*$/s, '') ?? localPart, separator),
    folder,
  })
  if (text === undefined) return undefined
  // A folder can have blanks and other characters that only a quoted local part holds (RFC 5321 §4.1.2).
  const end = text.lastIndexOf('@')
  return (
    parseAddress(text) ??
    parseAddress(`"${text.slice(0, Math.max(end, 0)).replace(/["\\]/g, '\\$&')}"${text.slice(Math.max(end, 0))}`)
  )
}

/** `Lists` of kim+Lists@example.org, where the recipient is kim@example.org. */
function ownDetail(address: MailAddress, { address: own }: Recipient, separator: string): { readonly detail?: string } {
  if (domainOf(address).toLowerCase() !== domainOf(own).toLowerCase()) return {}
  const start = `${localPartOf(own)}${separator}`
  const plain = unquotedLocal(localPartOf(address))
  return separator !== '' && plain.startsWith(start) && plain !== start ? { detail: plain.slice(start.length) } : {}
}

/** Each address once: the domain in any case, the local part exactly. */
function redirections(walk: Walk, sent: Set<string>, copyOf: (message: SieveMessage) => Copy): readonly Redirected[] {
  const done = new Map<string, Redirected>()
  for (const { action, by, message, script } of walk.redirects) {
    const { address: text, members = [text], resent, notify, ret } = action.args
    const [from] = script.owner
    for (const address of members.flatMap((member) => parseAddress(member) ?? [])) {
      const at = address.lastIndexOf('@')
      const key = `${address.slice(0, at)}@${addressKey(address).slice(addressKey(address).lastIndexOf('@') + 1)}`
      if (done.has(key) || sentBefore(script, `to ${key}`, sent)) continue
      done.set(key, {
        address,
        by,
        ...(resent === false || from === undefined ? {} : { resentFrom: from }),
        ...(notify === undefined ? {} : { notify: notifyOf(notify) }),
        ...(ret === undefined ? {} : { ret: ret === 'FULL' ? 'full' : 'hdrs' }),
        ...copyOf(message),
      })
    }
  }
  return [...done.values()]
}

/** The rules of a group run for each member, and send once. */
function sentBefore({ group, name }: FilterScript, what: string, sent: Set<string>): boolean {
  if (group === undefined) return false
  const key = JSON.stringify([name, what])
  if (sent.has(key)) return true
  sent.add(key)
  return false
}

const NOTIFY = { SUCCESS: 'success', FAILURE: 'failure', DELAY: 'delay' } as const

const notifyOf = (words: readonly string[]): 'never' | readonly ('success' | 'failure' | 'delay')[] =>
  words.some((word) => word.toUpperCase() === 'NEVER')
    ? 'never'
    : Object.entries(NOTIFY).flatMap(([word, means]) =>
        words.some((each) => each.toUpperCase() === word) ? [means] : [],
      )

const filedCopy = (fcc: FccArgs | undefined): { readonly copy?: FiledCopy } =>
  fcc === undefined ? {} : { copy: { ...fcc, flags: fcc.flags ?? [] } }

/** Suppressed ones are not asked for; one reply to one message is enough (RFC 5230 §4.7). */
function replies(walk: Walk): readonly VacationReply[] {
  const wanted = walk.vacations.filter(({ action }) => action.args.suppressed === undefined)
  return wanted.slice(0, 1).flatMap(({ action, by, script }: Wanted<'vacation'>) => {
    const { to: text, from, subject, reason, mime, handle, seconds, fcc } = action.args
    const to = parseAddress(text)
    if (to === undefined) return []
    const reply: VacationReply = {
      to,
      reason,
      mime,
      handle,
      seconds: script.autoreply?.seconds ?? seconds,
      by,
      ...(from === undefined ? {} : { from }),
      ...(subject === undefined ? {} : { subject }),
      ...(script.autoreply?.echo === true ? { echo: true } : {}),
      ...filedCopy(fcc),
    }
    return [reply]
  })
}

const notices = (walk: Walk, sent: Set<string>): Filtered['notices'] =>
  walk.notices
    .filter(({ action }) => action.args.suppressed === undefined)
    .filter(({ action, script }) => !sentBefore(script, `notify ${action.args.uri}`, sent))
    .map(({ action, by }) => {
      const { uri, from, importance, options, message, fcc } = action.args
      return {
        uri,
        importance,
        options,
        by,
        ...(from === undefined ? {} : { from }),
        ...(message === undefined ? {} : { message }),
        ...filedCopy(fcc),
      }
    })

/** Conversion tags of the recipient afterwards; `undefined`: as they were. `before`: from all sources. */
export function conversionTags(walk: Walk, before: readonly string[]): readonly string[] | undefined {
  const { setConversionTags: set, addedConversionTags: added } = walk
  if (set === undefined && added.length === 0) return undefined
  return [...new Set([...(set ?? before), ...added])]
}
