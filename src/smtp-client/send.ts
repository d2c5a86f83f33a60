// SPDX-License-Identifier: Apache-2.0
/**
 * A message to one host, over a session that is kept or a new one, by BDAT where DATA cannot carry it; and what it means
 * when there is no session to be had.
 */
import type { Delivery } from '../envelope/delivery.ts'
import type { Outcome } from '../envelope/outcome.ts'
import { BareNewline } from '../smtp/dot-stuff.ts'
import { ConnectionFailure } from './failure.ts'
import type { SessionPool } from './pool.ts'
import { type ClientSession, formatParsed, SessionRefused } from './session.ts'
import { type SendOptions, sendMessage } from './transaction.ts'

/** @throws ConnectionFailure, SessionRefused: nothing was decided, another host may be tried */
export async function sendThrough(
  pool: SessionPool,
  key: string,
  open: () => Promise<ClientSession>,
  delivery: Delivery,
  given: Omit<SendOptions, 'by'>,
): Promise<readonly Outcome[]> {
  let options: SendOptions = given
  for (let kept = pool.take(key); ; kept = undefined) {
    const session = kept ?? (await open())
    try {
      const outcomes = await sendMessage(session, delivery, options)
      pool.give(key, session)
      return outcomes
    } catch (error) {
      if (error instanceof BareNewline && options.by === undefined) options = { ...options, by: 'bdat' }
      // Servers end sessions that were idle, or had their share of messages; that says nothing about a new one.
      else if (kept === undefined || !isFailure(error) || options.deadline.isOver) throw error
    }
  }
}

const isFailure = (error: unknown): error is ConnectionFailure | SessionRefused =>
  error instanceof ConnectionFailure || error instanceof SessionRefused

/**
 * A session that did not come to be, or came to nothing: the reason is the host's or ours, never the message's, so it
 * is never final. A 554 greeting speaks of us.
 * @throws what is no failure of a session, but a bug
 */
export function outcomeOfFailure(error: unknown, remote: { readonly mta: string; readonly address?: string }): Outcome {
  if (!isFailure(error)) throw error
  const reason = error.message
  if (error instanceof SessionRefused) {
    const status = `4.${error.reply.enhanced ?? '7.0'}`
    return {
      kind: 'deferred',
      status,
      reason,
      destinationDown: true,
      remote: { ...remote, reply: formatParsed(error.reply) },
    }
  }
  return { kind: 'deferred', status: error.status, reason, remote, destinationDown: error.kind !== 'aborted' }
}
