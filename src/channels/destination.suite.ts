// SPDX-License-Identifier: Apache-2.0
/**
 * What every destination owes its caller, whatever its kind: one outcome a recipient in their order, nothing thrown for
 * what the world does, and nothing called done that may not be done. Run by destination.test.ts for each kind.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Recipient } from '../envelope/envelope.ts'
import type { Outcome } from '../envelope/outcome.ts'
import type { Destination } from './destination.ts'
import { delivery } from './fixture.ts'

export interface DestinationCase {
  readonly kind: string
  /** A destination in a world where all is well; disposed of with what it needs. */
  open(): Promise<{ readonly destination: Destination } & AsyncDisposable>
  readonly recipient: Partial<Recipient>
  /** What it answers when all is well. */
  readonly well: Outcome['kind']
  /** Whether it reads the content at all. */
  readonly reads: boolean
}

const DONE: readonly Outcome['kind'][] = ['delivered', 'relayed']

export function destinationSuite({ kind, open, recipient, well, reads }: DestinationCase): void {
  const deadline = () => AbortSignal.timeout(20_000)

  test(`${kind}: one outcome a recipient`, async () => {
    await using world = await open()
    for (const count of [1, 3, 1]) {
      const to = Array.from({ length: count }, () => recipient)
      const outcomes = await world.destination.deliver(delivery(to), { signal: deadline() })
      assert.deepEqual(
        outcomes.map((outcome) => outcome.kind),
        to.map(() => well),
      )
    }
    assert.deepEqual(await world.destination.deliver(delivery([]), { signal: deadline() }), [])
  })

  test(`${kind}: deferred and failed carry a status of their class`, async () => {
    await using world = await open()
    const unreadable = {
      ...delivery([recipient, recipient]),
      async *content(): AsyncGenerator<Uint8Array> {
        throw new Error('EIO')
      },
    }
    for (const outcome of await world.destination.deliver(unreadable, { signal: deadline() })) {
      if (reads) assert.equal(outcome.kind, 'deferred')
      if (outcome.kind === 'deferred') assert.match(outcome.status, /^4\.\d{1,3}\.\d{1,3}$/)
      if (outcome.kind === 'failed') assert.match(outcome.status, /^5\.\d{1,3}\.\d{1,3}$/)
    }
  })

  test(`${kind}: an attempt that was aborted has done nothing`, async () => {
    await using world = await open()
    const outcomes = await world.destination.deliver(delivery([recipient, recipient]), { signal: AbortSignal.abort() })
    assert.equal(outcomes.length, 2)
    if (reads) assert.ok(!outcomes.some((outcome) => DONE.includes(outcome.kind)))
  })

  test(`${kind}: the destination key is the same for the same way`, async () => {
    await using world = await open()
    const way = { domain: 'example.org', ...(recipient.via === undefined ? {} : { via: recipient.via }) }
    assert.equal(world.destination.destinationKey(way), world.destination.destinationKey({ ...way }))
  })
}
