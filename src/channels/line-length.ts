// SPDX-License-Identifier: Apache-2.0
/** `lineLength` of a channel: what leaves with lines that are too long leaves encoded (spec access-control.md 8, `linelength`). */
import type { AbortWish } from '../clock/abort.ts'
import type { Delivery } from '../envelope/delivery.ts'
import type { Outcome } from '../envelope/outcome.ts'
import { encodeLongLines, planLineLength } from '../mime/line-length.ts'
import type { Destination } from './destination.ts'

/**
 * The delivery with no line of a part longer than `max` octets (0: as it is); its size is that of what is sent. Reads
 * the content once, and once more, to know the size, when something must change.
 * @throws what reading the content throws, and the reason of `signal`
 */
export async function withLineLength(delivery: Delivery, max: number, signal?: AbortWish): Promise<Delivery> {
  if (max === 0) return delivery
  const plan = await planLineLength(untilAborted(delivery.content(), signal), max)
  if (plan.size === 0) return delivery
  const content = () => encodeLongLines(delivery.content(), plan)
  let size = 0
  for await (const piece of untilAborted(content(), signal)) size += piece.length
  return { ...delivery, size, content }
}

/** Delivers what `withLineLength` makes of it; a message that cannot be read is tried later. */
export const encodingLongLines = (max: number, deliver: Destination['deliver']): Destination['deliver'] =>
  max === 0 ? deliver : (given, options) => deliverEncoded(max, deliver, given, options)

async function deliverEncoded(
  max: number,
  deliver: Destination['deliver'],
  given: Delivery,
  options: Parameters<Destination['deliver']>[1],
): Promise<readonly Outcome[]> {
  const { signal } = options
  let delivery: Delivery
  try {
    delivery = await withLineLength(given, max, signal)
  } catch {
    const reason = signal.aborted ? 'the server is stopping' : 'the message cannot be read from the queue'
    return given.recipients.map(() => ({ kind: 'deferred', status: signal.aborted ? '4.3.2' : '4.3.0', reason }))
  }
  return await deliver(delivery, options)
}

async function* untilAborted(content: AsyncIterable<Uint8Array>, signal?: AbortWish): AsyncGenerator<Uint8Array> {
  for await (const piece of content) {
    signal?.throwIfAborted()
    yield piece
  }
}
