// SPDX-License-Identifier: Apache-2.0
/**
 * Programs that take a message on standard input. An argument vector, never a shell; programs that aliases name must
 * stand in `allow`. The exit status counts by sysexits.h; what is not understood is tried again. How a program is run
 * stands in run-program.ts.
 */
import { domainOf, localPartOf } from '../address/address.ts'
import type { AbortWish } from '../clock/abort.ts'
import type { ChannelConfigOf } from '../config/schema-channels.ts'
import type { Delivery } from '../envelope/delivery.ts'
import type { Recipient } from '../envelope/envelope.ts'
import type { Outcome } from '../envelope/outcome.ts'
import type { ChannelDeps } from './deps.ts'
import type { Destination } from './destination.ts'
import { runProgram } from './run-program.ts'
import { lookupAccount } from './system-account.ts'

/** sysexits.h: statuses that say "never", with their enhanced code (RFC 3463). */
const NEVER: Readonly<Record<number, string>> = {
  64: '5.3.5', // EX_USAGE
  65: '5.6.0', // EX_DATAERR
  67: '5.1.1', // EX_NOUSER
  68: '5.1.2', // EX_NOHOST
  77: '5.7.0', // EX_NOPERM
}

const PLACEHOLDER = /\{(user|domain|sender|recipient)\}/g

export function createPipe(config: ChannelConfigOf<'pipe'>, { clock }: Pick<ChannelDeps, 'clock'>): Destination {
  function commandFor(recipient: Recipient): readonly string[] | string {
    if (config.command !== undefined) return config.command
    const argv = recipient.via === undefined ? undefined : parseArgv(recipient.via)
    if (argv === undefined) return 'the alias names no program'
    const [program = ''] = argv
    return config.allow.includes(program) ? argv : `${program} is not in allow of its pipe channel`
  }

  async function run(recipient: Recipient, delivery: Delivery, signal: AbortWish): Promise<Outcome> {
    const template = commandFor(recipient)
    if (typeof template === 'string') return { kind: 'failed', status: '5.7.1', reason: template }
    const sender = recipient.sender ?? delivery.envelope.reversePath ?? ''
    const values: Readonly<Record<string, string>> = {
      user: localPartOf(recipient.address),
      domain: domainOf(recipient.address),
      sender,
      recipient: recipient.address,
    }
    const command = template.map((word) => word.replace(PLACEHOLDER, (_, name: string) => values[name] ?? ''))
    // `-oQ/tmp@example.org` is an address, and an option to most programs.
    if (command.some((word, i) => word.startsWith('-') && template[i]?.startsWith('-') === false))
      return { kind: 'failed', status: '5.1.3', reason: 'address that a program would take for an option' }
    const account = config.user === undefined || process.getuid?.() !== 0 ? {} : await lookupAccount(config.user)
    if (account === undefined)
      return { kind: 'deferred', status: '4.3.5', reason: `no account ${config.user} to run programs as` }
    const [program = ''] = command
    const end = await runProgram(command, delivery.content(), {
      env: { SENDER: sender, RECIPIENT: recipient.address, USER: values['user'] ?? '' },
      timeoutMs: config.timeout,
      account,
      clock,
      signal,
    })
    if (end.kind === 'exit' && end.status === 0) return { kind: 'delivered', where: `pipe ${program}` }
    const said = end.complaint === '' ? '' : `: ${end.complaint}`
    const reason = `${program}: ${end.kind === 'exit' ? `status ${end.status}` : end.why}${said}`
    const never = end.kind === 'exit' ? NEVER[end.status] : undefined
    return never === undefined
      ? { kind: 'deferred', status: '4.3.0', reason }
      : { kind: 'failed', status: never, reason }
  }

  return {
    destinationKey: ({ via = '' }) => via,
    async deliver(delivery, { signal }) {
      const outcomes: Outcome[] = []
      for (const recipient of delivery.recipients) outcomes.push(await run(recipient, delivery, signal))
      return outcomes
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** The recipient's `via`: a JSON array of words, as alias expansion writes it. Operators may have typed anything. */
function parseArgv(text: string): readonly string[] | undefined {
  try {
    const argv: unknown = JSON.parse(text)
    return Array.isArray(argv) && argv.every((word) => typeof word === 'string') ? argv : undefined
  } catch {
    return undefined
  }
}
