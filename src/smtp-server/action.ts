// SPDX-License-Identifier: Apache-2.0
/** What the pure session tells its host (connection.ts) to do, in order. */
import type { MessageId } from '../envelope/message-id.ts'
import type { ContentSummary } from '../mime/content-summary.ts'
import type { Trace } from '../policy/trace.ts'
import type { LongLines } from '../smtp/long-lines.ts'
import type { Reply } from '../smtp/reply.ts'

/** How content is to be taken in. */
export interface ContentRules {
  /** Octets; more are read but not kept (RFC 1870 §6.2). */
  readonly maxBytes: number
  /** `reject`: the content stage will refuse a bare CR or LF, so nothing after the first needs keeping. */
  readonly bareNewlines: 'reject' | 'normalise'
  /** `pass` and `reject` leave lines as they are. */
  readonly longLines: LongLines
  /** Whose name is looked for in `Received:` fields, for the loop count. */
  readonly localHost: string
  /** What the message is called while in hand (queue/in-hand.ts). */
  readonly key: string
  /** Nothing is to be learned of the content, for whoever looked at it crashed. */
  readonly unlooked: boolean
}

export type Action =
  | { readonly do: 'reply'; readonly reply: Reply }
  /** RFC 5321 §4.1.1.4: read until CRLF.CRLF, then call `content`. */
  | { readonly do: 'readContent'; readonly rules: ContentRules }
  /** RFC 3030 §2: read exactly `size` octets, then call `content`. Without `rules` they are thrown away. */
  | { readonly do: 'readChunk'; readonly size: number; readonly last: boolean; readonly rules?: ContentRules }
  /** Forget what was kept of the message. */
  | { readonly do: 'dropContent' }
  /** Send what is pending, drop what was received (RFC 3207 §6), shake hands, then call `tlsStarted`. */
  | { readonly do: 'startTls' }
  | { readonly do: 'record'; readonly trace: Trace }
  /** The message is durable: the scheduler may have it. */
  | { readonly do: 'accepted'; readonly id: MessageId }
  | {
      readonly do: 'log'
      readonly level: 'info' | 'warn'
      readonly event: string
      readonly fields: Readonly<Record<string, unknown>>
    }
  /** After the replies before it. `quit`: the client wants it, and sends nothing more. */
  | { readonly do: 'close'; readonly quit?: true }

/** What became of content that the host was told to read. */
export type Received =
  /** `chunk`: more BDAT commands follow; `octets` is the size of the message so far. */
  | { readonly kind: 'chunk'; readonly octets: number }
  | { readonly kind: 'whole'; readonly summary: ContentSummary }
  /** The disk would not have it. */
  | { readonly kind: 'lost'; readonly cause: string }

export const say = (reply: Reply): Action => ({ do: 'reply', reply })
export const CLOSE: Action = { do: 'close' }
export const QUIT: Action = { do: 'close', quit: true }
