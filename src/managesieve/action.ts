// SPDX-License-Identifier: Apache-2.0
/** What the pure session tells its host (connection.ts) to do, in order. */
import { formatReply, type Reply } from './reply.ts'

export type Action =
  /** Text to send as it is. */
  | { readonly do: 'send'; readonly text: string }
  /** Send what is pending, drop what was received (RFC 5804 §2.2), shake hands, then call `tlsStarted`. */
  | { readonly do: 'startTls' }
  | {
      readonly do: 'log'
      readonly level: 'info' | 'warn'
      readonly event: string
      readonly fields: Readonly<Record<string, unknown>>
    }
  /** After what is sent before it. */
  | { readonly do: 'close' }

export const say = (reply: Reply): Action => ({ do: 'send', text: formatReply(reply) })
export const CLOSE: Action = { do: 'close' }
