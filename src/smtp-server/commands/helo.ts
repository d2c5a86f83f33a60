// SPDX-License-Identifier: Apache-2.0
/** HELO, RFC 5321 §4.1.1.1: no extensions are offered. */
import type { Asking } from '../../ask/ask.ts'
import { reply } from '../../smtp/reply.ts'
import type { Action } from '../action.ts'
import type { Session } from '../session.ts'
import { sayHello } from './hello.ts'

export function* helo(session: Session, argument: string): Asking<readonly Action[]> {
  const { hostname } = session.context.revision.config.server
  // No enhanced code in the reply to HELO, RFC 2034 §4.
  return sayHello(session, argument, { esmtp: false, reply: () => reply(250, undefined, hostname) })
}
