// SPDX-License-Identifier: Apache-2.0
/**
 * The content of a message on its way to a server: over DATA with dots doubled (RFC 5321 §4.5.2), or in chunks over BDAT
 * (RFC 3030). The commands around it, and the reply at its end, are in transaction.ts.
 */
import type { Outcome } from '../envelope/outcome.ts'
import { WholeContent } from '../mime/whole-content.ts'
import { dotStuff, dotStuffed } from '../smtp/dot-stuff.ts'
import type { ParsedReply } from '../smtp/reply-parser.ts'
import type { ClientSession } from './session.ts'
import { TIMEOUTS } from './timeouts.ts'

/** Octets of one BDAT chunk. */
const CHUNK_BYTES = 256 * 1024

/** What is known while a transaction runs. */
export interface Attempt {
  /** By position of the recipient; `undefined` while nothing is certain. */
  readonly settled: (Outcome | undefined)[]
  /** From the moment the end of the message may have reached the other side. */
  sentWhole: boolean
}

const { dataBlock } = TIMEOUTS

/** Dots doubled, and the final dot in one write with the last of the content. @throws BareNewline */
export const sendStuffed = (
  session: ClientSession,
  content: AsyncIterable<Uint8Array>,
  attempt: Attempt,
): Promise<void> | undefined =>
  content instanceof WholeContent ? sendWhole(session, content, attempt) : sendPieces(session, content, attempt)

/**
 * Where one message after the other is put together: nearly each is out of it when the next one comes, and who is not
 * keeps it. Larger ones have a place of their own.
 */
let room = Buffer.allocUnsafeSlow(16 * 1024)

function sendWhole(session: ClientSession, { pieces }: WholeContent, attempt: Attempt): Promise<void> | undefined {
  // Under TLS nothing goes at once.
  const octets = session.connection.secure === undefined ? dotStuffed(pieces, room) : dotStuffed(pieces)
  const sending = sendLast(session, octets, attempt)
  if (sending !== undefined && octets.buffer === room.buffer) room = Buffer.allocUnsafeSlow(room.length)
  return sending
}

async function sendPieces(session: ClientSession, content: AsyncIterable<Uint8Array>, attempt: Attempt): Promise<void> {
  const { connection } = session
  let held: Buffer | undefined
  for await (const piece of dotStuff(content)) {
    if (held !== undefined) {
      // What is said before the end, the last piece and its dot among it, speaks of no message that was sent.
      connection.requireInStep()
      await connection.write(held, dataBlock)
    }
    held = piece
  }
  if (held !== undefined) await sendLast(session, held, attempt)
}

function sendLast(session: ClientSession, octets: Buffer, attempt: Attempt): Promise<void> | undefined {
  session.connection.requireInStep()
  attempt.sentWhole = true
  const going = session.connection.write(octets, dataBlock)
  if (going !== undefined) return going.then(() => requireUnanswered(session))
  requireUnanswered(session)
  return undefined
}

/**
 * RFC 3030 §2. Gives the reply that refused a chunk before the last; the reply to the last is the caller's. The first
 * chunk is one octet: a server that offers BDAT and does not know it takes what follows for commands, and one octet is
 * none. (Servers refuse an empty chunk that is not the last.)
 */
export async function sendChunks(
  session: ClientSession,
  content: AsyncIterable<Uint8Array>,
  attempt: Attempt,
  read: () => Promise<ParsedReply>,
): Promise<ParsedReply | undefined> {
  let gathered: Uint8Array[] = []
  let length = 0
  let most = 1
  const gather = (octets: Uint8Array): void => {
    gathered.push(Buffer.from(octets))
    length += octets.length
  }
  const send = async (last: boolean): Promise<void> => {
    session.connection.requireInStep()
    attempt.sentWhole = last
    const chunk = Buffer.concat([Buffer.from(`BDAT ${length}${last ? ' LAST' : ''}\r\n`), ...gathered])
    await session.connection.write(chunk, dataBlock)
    requireUnanswered(session)
    gathered = []
    length = 0
  }
  for await (const piece of content) {
    let rest = piece
    while (length + rest.length > most) {
      const at = most - length
      gather(rest.subarray(0, at))
      rest = rest.subarray(at)
      await send(false)
      const reply = await read()
      if (reply.code !== 250) return reply
      most = CHUNK_BYTES
    }
    gather(rest)
  }
  await send(true)
  return undefined
}

/** What has come by now came while octets were still here. Under TLS we hear late that they went, so nobody can say. */
function requireUnanswered({ connection }: ClientSession): void {
  if (connection.secure === undefined) connection.requireInStep()
}
