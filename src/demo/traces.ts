// SPDX-License-Identifier: Apache-2.0
/** The server's traces as they are written, followed through the control socket, as `postern tail` does. */
import { connectControl } from '../control/client.ts'
import type { DeliveryRecord, Trace, TraceRecord } from '../policy/trace.ts'

/** How long the demo waits for a record before it says that it never came. */
const PATIENCE_MS = 30_000

export interface Traces {
  /** The trace of the transaction with this sender; `undefined` if it does not come. */
  transaction(from: string): Promise<Trace | undefined>
  /** At least `count` recipients' results of this message's deliveries, in order. */
  deliveries(id: string, count: number): Promise<readonly DeliveryRecord[]>
}

export async function followTraces(socket: string, signal: AbortSignal): Promise<Traces> {
  const control = await connectControl(socket)
  const records: TraceRecord[] = []
  let wake = Promise.withResolvers<void>()
  const following = control.follow(
    'tail',
    (event) => {
      records.push(event as TraceRecord)
      wake.resolve()
      wake = Promise.withResolvers<void>()
    },
    signal,
  )
  // The connection ends with the server; that is how the demo ends too.
  following.catch(() => {}).finally(() => control[Symbol.asyncDispose]())

  async function until<T>(find: () => T | undefined): Promise<T | undefined> {
    const patience = AbortSignal.timeout(PATIENCE_MS)
    patience.addEventListener('abort', () => wake.resolve())
    for (;;) {
      const found = find()
      if (found !== undefined || patience.aborted) return found
      await wake.promise
    }
  }

  const deliveriesOf = (id: string): readonly DeliveryRecord[] =>
    records.filter((record) => record.record === 'delivery').filter((record) => record.id === id)

  return {
    transaction: (from) =>
      until(() => records.filter((r) => r.record === 'trace').find((trace) => trace.from === from)),
    deliveries: async (id, count) =>
      (await until(() => {
        const found = deliveriesOf(id)
        return found.reduce((sum, delivery) => sum + delivery.recipients.length, 0) >= count ? found : undefined
      })) ?? deliveriesOf(id),
  }
}
