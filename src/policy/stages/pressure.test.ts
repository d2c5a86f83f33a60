// SPDX-License-Identifier: Apache-2.0
/** Proves: who is refused at which load, what the disk refuses and when, and that each names the setting that decided. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Asking } from '../../ask/ask.ts'
import { type LoadLevel, NO_PRESSURE, type Pressure, type Standing } from '../../ask/pressure.ts'
import type { StageResult } from '../stage.ts'
import { freeSpace, freeSpaceLeft } from './free-space.ts'
import { overload } from './overload.ts'

/** Only what these stages look at. */
const contextOf = (address: string, declaredSize = 0) =>
  ({
    client: { address, port: 1 },
    declaredSize,
    revision: {
      config: { networks: { own: ['10.0.0.0/8'] } },
      where: (...path: string[]) => ({ by: 'default', setting: path.join('.'), value: '' }),
    },
  }) as never

function run<C>(asking: Asking<StageResult<C>> | undefined, pressure: Pressure) {
  assert.ok(asking !== undefined)
  const first = asking.next()
  assert.ok(first.done !== true && 'ask' in first.value && first.value.ask === 'pressure')
  const end = asking.next(pressure)
  assert.ok(end.done === true)
  const { verdict, by, note } = end.value
  const said = verdict.do === 'refuse' ? `${verdict.reply.code} ${verdict.reply.enhanced}` : verdict.do
  return { said, setting: 'setting' in by ? by.setting : undefined, note }
}

for (const { level, standing, address, want } of [
  { level: 'fine', standing: 'unknown', address: '192.0.2.1', want: 'pass' },
  { level: 'busy', standing: 'unknown', address: '192.0.2.1', want: '421 3.2' },
  { level: 'busy', standing: 'near', address: '192.0.2.1', want: 'pass' },
  { level: 'busy', standing: 'good', address: '192.0.2.1', want: 'pass' },
  { level: 'full', standing: 'near', address: '192.0.2.1', want: '421 3.2' },
  { level: 'full', standing: 'good', address: '192.0.2.1', want: 'pass' },
  { level: 'full', standing: 'unknown', address: '10.1.2.3', want: 'pass' },
  { level: 'full', standing: 'unknown', address: '127.0.0.2', want: 'pass' },
  { level: 'full', standing: 'unknown', address: '::1', want: 'pass' },
] as const satisfies readonly { level: LoadLevel; standing: Standing; address: string; want: string }[])
  test(`load: ${level}, ${standing} ${address}: ${want}`, () => {
    const load = { level, cause: 'event loop', detail: 'late' } as const
    const { said, setting } = run(overload.run?.(contextOf(address)), { load, client: standing })
    assert.deepEqual([said, setting], [want, 'limits.loopDelay'])
  })

test('load: memory names its own setting', () => {
  const load = { level: 'full', cause: 'memory', detail: '95 % of memory taken' } as const
  const { setting, note } = run(overload.run?.(contextOf('192.0.2.1')), { load, client: 'unknown' })
  assert.equal(setting, 'limits.memory')
  assert.equal(note, 'full (95 % of memory taken); no mail of this client was accepted lately')
})

for (const { name, bytes, inodes, size, want } of [
  { name: 'not known', want: 'pass' },
  { name: 'room', bytes: { free: 200, keep: 100, low: false }, want: 'pass' },
  { name: 'under what is kept', bytes: { free: 90, keep: 100, low: true }, want: '452 3.1 limits.freeSpace' },
  { name: 'just over, not clearly', bytes: { free: 101, keep: 100, low: true }, want: '452 3.1 limits.freeSpace' },
  { name: 'fits', bytes: { free: 200, keep: 100, low: false }, size: 100, want: 'pass' },
  { name: 'does not fit', bytes: { free: 200, keep: 100, low: false }, size: 101, want: '452 3.1 limits.freeSpace' },
  { name: 'switched off', bytes: { free: 5, keep: 0, low: false }, size: 10, want: 'pass' },
  { name: 'no inodes', inodes: { free: 5, keep: 10, low: true }, want: '452 3.1 limits.freeInodes' },
  { name: 'the last inode', inodes: { free: 10, keep: 10, low: false }, want: '452 3.1 limits.freeInodes' },
])
  test(`free space: ${name}`, () => {
    const pressure = {
      ...NO_PRESSURE,
      ...(bytes === undefined ? {} : { bytes }),
      ...(inodes === undefined ? {} : { inodes }),
    }
    const { said, setting } = run(freeSpace.run?.(contextOf('192.0.2.1', size)), pressure)
    assert.equal(said === 'pass' ? said : `${said} ${setting}`, want)
  })

test('free space: once the message has come, its declared size is no matter any more', () => {
  const bytes = { free: 150, keep: 100, low: false }
  const context = contextOf('192.0.2.1', 100)
  assert.equal(run(freeSpaceLeft.run?.(context), { ...NO_PRESSURE, bytes }).said, 'pass')
  const low = run(freeSpaceLeft.run?.(context), { ...NO_PRESSURE, bytes: { ...bytes, low: true } })
  assert.equal(low.said, '452 3.1')
  assert.equal(low.note, '150 octets free, 100 are kept free')
})
