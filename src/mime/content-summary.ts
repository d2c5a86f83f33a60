// SPDX-License-Identifier: Apache-2.0
/** What is learned of a message's content while it streams in, without keeping it. */

export interface ContentSummary {
  /** Octets as kept. */
  readonly size: number
  /** Octets of the header, the empty line not counted. */
  readonly headerSize: number
  /** The first line begins with a blank or tab: it would continue a field put above it (RFC 5322 §2.2.3). */
  readonly continues: boolean
  /** RFC 5321 §6.3: the loop count. Trace fields of other mail systems are counted by their names. */
  readonly receivedFields: number
  readonly mrReceivedFields: number
  readonly x400ReceivedFields: number
  /** `Received:` fields that name the local host; 0 where the scanner was told of none. */
  readonly localReceivedFields: number
  /** Names of fields that are there, lower case, each once. At most 1000. */
  readonly fieldNames: ReadonlySet<string>
  /** Decoded and cut to 200 characters, for the trace. */
  readonly subject?: string
  /** The Message-ID field as it stands, at most 200 characters. */
  readonly messageId?: string
  /** Octets over 127 in header or body. */
  readonly eightBitHeader: boolean
  readonly eightBitBody: boolean
  readonly hasNul: boolean
  /** CR without LF, LF without CR, as received. */
  readonly bareCr: number
  readonly bareLf: number
  /** Octets without the line end. */
  readonly longestLine: number
  readonly lines: number
}
