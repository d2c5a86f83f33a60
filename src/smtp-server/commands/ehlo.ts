// SPDX-License-Identifier: Apache-2.0
/** EHLO, RFC 5321 §4.1.1.1: greets, and names what this session may use now. */
import type { Asking } from '../../ask/ask.ts'
import { sizeLimit } from '../../policy/stages/content-size.ts'
import type { Action } from '../action.ts'
import { offeredMechanisms } from '../sasl-dialogue.ts'
import type { Session } from '../session.ts'
import { sayHello } from './hello.ts'

export function* ehlo(session: Session, argument: string): Asking<readonly Action[]> {
  const { hostname } = session.context.revision.config.server
  return sayHello(session, argument, {
    esmtp: true,
    reply: () => ({ code: 250, lines: [hostname, ...extensions(session)] }), // RFC 2034 §4: no enhanced code
  })
}

/** The EHLO keywords of a session as it stands. */
export function extensions({ context, setting }: Session): readonly string[] {
  const mechanisms = offeredMechanisms(context)
  return [
    'PIPELINING', // RFC 2920
    `SIZE ${sizeLimit(context).bytes}`, // RFC 1870
    '8BITMIME', // RFC 6152
    'SMTPUTF8', // RFC 6531
    'DSN', // RFC 3461
    'CHUNKING', // RFC 3030
    'ENHANCEDSTATUSCODES', // RFC 2034
    ...(context.tls === undefined && setting.tlsAvailable() ? ['STARTTLS'] : []), // RFC 3207 §4.2: not again under TLS
    ...(mechanisms.length > 0 ? [`AUTH ${mechanisms.join(' ')}`] : []), // RFC 4954 §3
    'HELP', // RFC 5321 §4.1.1.8
  ]
}
