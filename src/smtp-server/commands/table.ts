// SPDX-License-Identifier: Apache-2.0
/** Every verb in one table: where it is defined, in which service and state it may come, and who handles it. */
import type { Asking } from '../../ask/ask.ts'
import type { Action } from '../action.ts'
import type { Session } from '../session.ts'
import type { CommandState } from '../state.ts'
import { auth } from './auth.ts'
import { bdat, unwantedBdat } from './bdat.ts'
import { data } from './data.ts'
import { ehlo } from './ehlo.ts'
import { expn } from './expn.ts'
import { helo } from './helo.ts'
import { help } from './help.ts'
import { lhlo } from './lhlo.ts'
import { mail } from './mail.ts'
import { noop } from './noop.ts'
import { quit } from './quit.ts'
import { rcpt } from './rcpt.ts'
import { rset } from './rset.ts'
import { starttls } from './starttls.ts'
import { vrfy } from './vrfy.ts'

export type Handler = (session: Session, argument: string) => Asking<readonly Action[]>

export interface Command {
  readonly rfc: string
  /** Over SMTP and submission, over LMTP, or both. */
  readonly service: 'smtp' | 'lmtp' | 'any'
  readonly allowedAt: readonly CommandState[]
  /** RFC 5321 §4.1.1: a parameter where none is allowed is 501. */
  readonly noArgument?: true
  /** Brings no message forward: counts against limits.emptyCommands. An empty BDAT does too (bdat.ts). */
  readonly empty?: true
  readonly run: Handler
  /** What to do instead of 503 when it comes in another state. */
  readonly outOfOrder?: Handler
}

const ANY: readonly CommandState[] = ['greeted', 'ready', 'mail', 'bdat']

export const COMMANDS = {
  HELO: { rfc: 'RFC 5321 §4.1.1.1', service: 'smtp', allowedAt: ANY, empty: true, run: helo },
  EHLO: { rfc: 'RFC 5321 §4.1.1.1', service: 'smtp', allowedAt: ANY, empty: true, run: ehlo },
  LHLO: { rfc: 'RFC 2033 §4.1', service: 'lmtp', allowedAt: ANY, empty: true, run: lhlo },
  MAIL: { rfc: 'RFC 5321 §4.1.1.2', service: 'any', allowedAt: ['ready'], run: mail },
  RCPT: { rfc: 'RFC 5321 §4.1.1.3', service: 'any', allowedAt: ['mail'], run: rcpt },
  DATA: { rfc: 'RFC 5321 §4.1.1.4', service: 'any', allowedAt: ['mail'], noArgument: true, run: data },
  BDAT: { rfc: 'RFC 3030 §2', service: 'any', allowedAt: ['mail', 'bdat'], run: bdat, outOfOrder: unwantedBdat },
  RSET: { rfc: 'RFC 5321 §4.1.1.5', service: 'any', allowedAt: ANY, noArgument: true, empty: true, run: rset },
  VRFY: { rfc: 'RFC 5321 §4.1.1.6', service: 'any', allowedAt: ANY, empty: true, run: vrfy },
  EXPN: { rfc: 'RFC 5321 §4.1.1.7', service: 'any', allowedAt: ANY, empty: true, run: expn },
  HELP: { rfc: 'RFC 5321 §4.1.1.8', service: 'any', allowedAt: ANY, empty: true, run: help },
  NOOP: { rfc: 'RFC 5321 §4.1.1.9', service: 'any', allowedAt: ANY, empty: true, run: noop },
  QUIT: { rfc: 'RFC 5321 §4.1.1.10', service: 'any', allowedAt: ANY, noArgument: true, run: quit },
  STARTTLS: { rfc: 'RFC 3207 §4', service: 'any', allowedAt: ['ready'], noArgument: true, run: starttls },
  AUTH: { rfc: 'RFC 4954 §4', service: 'any', allowedAt: ['ready'], run: auth },
} as const satisfies Record<string, Command>

/** A map, for the verb is a stranger's: `__proto__` and `constructor` are none. */
const byVerb = new Map<string, Command>(Object.entries(COMMANDS))
export const commandOf = (verb: string): Command | undefined => byVerb.get(verb)
