// SPDX-License-Identifier: Apache-2.0
/**
 * BDAT, RFC 3030 §2. The octets follow the command without waiting, so they are read whatever the reply will be; only
 * a size that cannot be read ends the session, for then nobody knows where the next command begins.
 */
import type { Asking } from '../../ask/ask.ts'
import { isTransient, Refusal, type Reply, reply } from '../../smtp/reply.ts'
import { type Action, CLOSE, say } from '../action.ts'
import { contentRules, finish } from '../content.ts'
import { judgeEnvelope } from '../envelope.ts'
import type { Session } from '../session.ts'
import { transactionOf } from '../state.ts'
import { abandon } from '../transaction.ts'
import { requireRecipient } from './data.ts'

interface Chunk {
  readonly size: number
  readonly last: boolean
}

/** `bdat-cmd = "BDAT" SP chunk-size [ SP end-marker ]`, chunk-size = 1*DIGIT. */
function parseChunk(argument: string): Chunk | undefined {
  const found = /^([0-9]{1,15})(?: +(LAST))?$/i.exec(argument)
  return found === null ? undefined : { size: Number(found[1]), last: found[2] !== undefined }
}

export function* bdat(session: Session, argument: string): Asking<readonly Action[]> {
  const { state } = session
  if (state.at !== 'mail' && state.at !== 'bdat') throw new Error(`BDAT in state ${state.at}`)
  const chunk = parseChunk(argument)
  if (chunk === undefined) return unreadable(session)
  const over = chunk.size === 0 && !chunk.last ? session.countAgainst('emptyCommands') : undefined
  if (over !== undefined) return over
  try {
    requireRecipient(session, state.transaction)
  } catch (error) {
    if (error instanceof Refusal) return swallow(session, chunk, error.reply)
    throw error
  }
  const transaction = state.at === 'mail' ? yield* judgeEnvelope(state.transaction) : state.transaction
  if ('refused' in transaction) {
    const { refused } = transaction
    const ended = finish(session, state.transaction, refused, {
      outcome: isTransient(refused) ? 'deferred' : 'refused',
    })
    // The reply is due after the octets.
    return [...ended.filter((action) => action.do !== 'reply'), ...swallow(session, chunk, refused)]
  }
  session.state = { at: 'chunk', transaction, ...chunk }
  return [{ do: 'readChunk', ...chunk, rules: contentRules(transaction) }]
}

/** BDAT without MAIL, or after a chunk was refused. */
export function* unwantedBdat(session: Session, argument: string): Asking<readonly Action[]> {
  const chunk = parseChunk(argument)
  if (chunk === undefined) return unreadable(session)
  return swallow(session, chunk, reply(503, '5.1', 'BDAT needs a MAIL command first'))
}

function swallow(session: Session, chunk: Chunk, refusal: Reply): readonly Action[] {
  session.state = { at: 'unwantedChunk', refusal, before: session.state }
  return [{ do: 'readChunk', ...chunk }]
}

function unreadable(session: Session): readonly Action[] {
  const open = transactionOf(session.state)
  session.state = { at: 'closed' }
  return [
    say(reply(501, '5.4', 'BDAT needs a size, closing connection')),
    ...(open === undefined ? [] : abandon(open)),
    CLOSE,
  ]
}
