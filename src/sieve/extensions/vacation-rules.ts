// SPDX-License-Identifier: Apache-2.0
/** When no reply may be sent: RFC 5230 §4.5 and §4.6, RFC 3834 §2. */
import { splitAddress } from '../envelope.ts'
import type { RunContext } from '../run-context.ts'
import { addressesOf } from './core/address.ts'
import { isOwn, sieveAddress } from './sieve-address.ts'

/** Fields whose addresses say that the message was meant for the owner (§4.5). */
const RECIPIENT_FIELDS = ['to', 'cc', 'bcc', 'resent-to', 'resent-cc', 'resent-bcc']

/** Senders that are programs (§4.6, RFC 3834 §2). */
const PROGRAM = /^(?:mailer-daemon|listserv|majordomo|owner-.*|.*-request|.*-owner|noreply|no-reply|do-not-reply)$/i

/** Addresses whose header addresses are compared with the owner's; more are no mail to somebody. */
const MAX_COMPARED = 2000

/** Why no reply is sent to this message, if so. */
export function vacationSuppressed(ctx: RunContext, addresses: readonly string[]): string | undefined {
  const { from, to } = ctx.envelope
  if (from === undefined || from === '') return 'the sender is null'
  if (PROGRAM.test(splitAddress(from).local)) return `the sender ${from} is a program`
  const own = ownAddresses(ctx, addresses, to)
  if (own.some((address) => isOwn(address, from))) return 'the sender is the owner'
  return automatic(ctx) ?? (namesOwner(ctx, own) ? undefined : 'the message does not name the owner as a recipient')
}

function ownAddresses(ctx: RunContext, given: readonly string[], to: string | undefined): readonly string[] {
  const { owner = [] } = ctx.environment
  return [...owner, ...given.map((text) => sieveAddress(text) ?? text), ...(to === undefined ? [] : [to])]
}

/** Fields that say: no person wrote this to a person. Shared with notifications. */
export function automatic(ctx: RunContext): string | undefined {
  const { whole: message } = ctx
  const list = message.fields.find(({ lowerName }) => lowerName.startsWith('list-'))
  if (list !== undefined) return `the message is from a list: ${list.name}`
  const precedence = message.fieldsNamed('precedence')[0]?.value.toLowerCase()
  if (precedence === 'bulk' || precedence === 'list' || precedence === 'junk') return `Precedence: ${precedence}`
  return autoSubmitted(ctx)
}

/** RFC 3834 §5: any value but `no`; parameters and comments aside. */
export function autoSubmitted(ctx: RunContext): string | undefined {
  const value = ctx.whole.fieldsNamed('auto-submitted')[0]?.value
  const [word = ''] =
    value
      ?.toLowerCase()
      .trim()
      .split(/[;\s(]/, 1) ?? []
  return value === undefined || word === 'no' ? undefined : 'the message was made by a program: Auto-Submitted'
}

function namesOwner(ctx: RunContext, own: readonly string[]): boolean {
  let compared = 0
  for (const name of RECIPIENT_FIELDS)
    for (const field of ctx.whole.fieldsNamed(name))
      for (const { local, domain } of addressesOf(ctx, field)) {
        if (++compared > MAX_COMPARED) return false
        ctx.spend(own.length)
        const address = `${local}@${domain.toLowerCase()}`
        if (own.some((mine) => isOwn(mine, address))) return true
      }
  return false
}
