// SPDX-License-Identifier: Apache-2.0
/** Our side: the same script and message, and what is to be done in the lines of sieve-test.ts. */
import {
  type Action,
  isAction,
  SieveEngine,
  SieveMessage,
  type SieveRunResult,
  STANDARD_EXTENSIONS,
} from '../../src/sieve/index.ts'
import { MAILBOX_OF_KEEP, type Ran } from './ran.ts'
import type { Given } from './sieve-test.ts'

// A script of many tests is one of many steps.
export const engine = new SieveEngine({ extensions: STANDARD_EXTENSIONS, limits: { steps: 10_000_000 } })

/** The actions themselves, for those who look closer. */
export function runOurs({ script, message, from, to }: Given): SieveRunResult | string {
  const compiled = engine.compile(script)
  if (!compiled.ok) return compiled.diagnostics.map(({ line, message: what }) => `${line}: ${what}`).join('\n')
  const run = engine.createRun(compiled.program, {
    message: SieveMessage.parse(message),
    envelope: { from, to },
    owner: [to],
    clock: () => Date.UTC(2026, 10, 24, 12),
  })
  const result = run.execute({ 'sieve.mailbox': ({ mailbox }) => ({ kind: 'found', value: mailbox }) })
  if (result instanceof Promise) throw new Error('nothing here waits')
  return result
}

export function ours(given: Given): Ran {
  const result = runOurs(given)
  if (typeof result === 'string') return { status: 'no program', lines: [], told: result }
  if (result.status !== 'ok') {
    return { status: 'error', lines: [], told: result.error?.message ?? result.status }
  }
  const lines = result.actions.filter(({ def }) => def.internal !== true).map(lineOf)
  if (result.implicitKeep) lines.push(store(MAILBOX_OF_KEEP, result.flags))
  return { status: 'ok', lines, told: result.log.map(({ message }) => message).join('\n') }
}

function store(mailbox: string, flags: readonly string[] | undefined): string {
  if (flags === undefined || flags.length === 0) return `store ${mailbox}`
  return `store ${mailbox} [${flags
    .map((flag) => flag.toLowerCase())
    .toSorted()
    .join(' ')}]`
}

function lineOf(action: Action): string {
  const copy = action.cancelsImplicitKeep ? '' : ' copy'
  if (isAction(action, 'keep')) return store(MAILBOX_OF_KEEP, action.args.flags)
  if (isAction(action, 'fileinto')) {
    const { mailbox, flags, create } = action.args
    return `${store(mailbox, flags)}${create ? ' create' : ''}${copy}`
  }
  if (isAction(action, 'redirect')) return `redirect ${action.args.address}${copy}`
  if (isAction(action, 'reject') || isAction(action, 'ereject')) return `reject ${action.args.reason.trim()}`
  if (isAction(action, 'vacation')) {
    const { seconds, subject = '-', reason } = action.args
    return `vacation ${seconds} ${subject} ${reason.replaceAll('\r\n', '\n').trim()}`
  }
  return action.kind
}
