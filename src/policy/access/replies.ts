// SPDX-License-Identifier: Apache-2.0
/** What a client hears when an access table says no: spec access-control.md 3.3, 4. */
import type { Config } from '../../config/schema.ts'
import { type Reply, reply } from '../../smtp/reply.ts'
import type { Interpretation } from './interpret.ts'
import { CODE_OF_CLASS, OWN_CODE, REFUSAL, SECOND_PROBE_REFUSAL } from './unsure.ts'

/** A table could not be asked to its end. RFC 3463 X.3.0: other or undefined mail system status. */
export const UNDECIDED: Reply = reply(451, '3.0', 'Access control is unavailable, try again later')
/** The same for a connection. */
export const UNDECIDED_CONNECTION: Reply = reply(421, '3.0', 'Access control is unavailable, try again later')

/** FROM_ACCESS and the four recipient tables. @param address as typed, without angle brackets */
export function accessRefusal(
  { refuse, status }: Pick<Interpretation, 'refuse' | 'status'>,
  address: string,
  access: Pick<Config['access'], 'errors' | 'errorTextUnknownHost' | 'errorTextAccessFailure'>,
): Reply {
  const given = refuse?.text ?? ''
  const own = OWN_CODE.exec(given)
  const text = own === null ? given : given.slice(own[0].length)
  const said = text !== '' ? text : access.errors === 1 ? access.errorTextAccessFailure : access.errorTextUnknownHost
  const line = `${said}: ${address}`
  if (own?.[1] !== undefined) {
    const code = Number(own[1])
    const enhanced = own[3] ?? status?.enhanced ?? REFUSAL.enhanced
    return withClass(reply(code, enhanced, line), classOf(own[2]) ?? (own[3] === undefined ? undefined : status?.class))
  }
  if (status === undefined) return reply(REFUSAL.code, REFUSAL.enhanced, line)
  return reply(CODE_OF_CLASS[status.class], status.enhanced, line)
}

/** A member of no group, `$I`. */
export const groupRefusal = (address: string, access: Parameters<typeof accessRefusal>[2]): Reply =>
  accessRefusal({ refuse: { text: '' } }, address, access)

/** PORT_ACCESS as the connection comes: the text goes out as it is, and nothing where there is none. */
export function portRefusal(text: string): Reply {
  const m = /^([245]\d\d)(?:[ -]|$)/.exec(text)
  return { code: m?.[1] === undefined ? 554 : Number(m[1]), lines: [text], raw: text }
}

/** PORT_ACCESS once more, in the session. */
export function secondPortRefusal(text: string): Reply {
  const { code, enhanced, text: byDefault } = SECOND_PROBE_REFUSAL
  return text === '' ? reply(code, enhanced, byDefault) : portRefusal(text)
}

const classOf = (digit: string | undefined): 4 | 5 | undefined => (digit === '4' ? 4 : digit === '5' ? 5 : undefined)

/** The class of the status is that of the code, unless the row wrote another one. */
const withClass = (r: Reply, given: 4 | 5 | undefined): Reply =>
  given === undefined || given === Math.trunc(r.code / 100) ? r : { ...r, class: given }
