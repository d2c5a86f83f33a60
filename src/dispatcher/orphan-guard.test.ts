// SPDX-License-Identifier: Apache-2.0
/** Proves, on real processes: who is stopped goes when the dispatcher dies, and nobody goes while it lives or ends well. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'

const skip = process.platform === 'linux' ? false : 'Linux only'
const GUARD = new URL('./orphan-guard.ts', import.meta.url).href

/** A dispatcher that watches one process, and says so. */
const DISPATCHER = `
  import { OrphanGuard } from ${JSON.stringify(GUARD)}
  import { systemClock as clock } from ${JSON.stringify(new URL('../clock/clock.ts', import.meta.url).href)}
  import { silentLog as log } from ${JSON.stringify(new URL('../monitor/log.ts', import.meta.url).href)}
  const guard = new OrphanGuard({ clock, log, patienceMs: 10 })
  guard.watch(Number(process.argv[1]))
  if (process.argv[2] === 'forget') guard.forget(Number(process.argv[1]))
  process.stdin.once('end', () => guard[Symbol.dispose]()).resume()
  setTimeout(() => console.log('watching'), 50)
`

async function watched(t: TestContext, how: 'keep' | 'forget') {
  const worker = spawn('/bin/sleep', ['300'], { stdio: 'ignore' })
  worker.kill('SIGSTOP')
  const gone = once(worker, 'exit')
  const args = ['--input-type=module', '-e', DISPATCHER, '--', String(worker.pid), how]
  const dispatcher = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const over = once(dispatcher, 'exit')
  t.after(() => {
    worker.kill('SIGKILL')
    dispatcher.kill('SIGKILL')
  })
  await once(createInterface({ input: dispatcher.stdout }), 'line')
  return { worker, gone, dispatcher, over }
}

test('a stopped worker is killed when its dispatcher is', { skip }, async (t) => {
  const { gone, dispatcher } = await watched(t, 'keep')
  dispatcher.kill('SIGKILL')
  assert.deepEqual(await gone, [null, 'SIGKILL'])
})

for (const how of ['keep', 'forget'] as const)
  test(`nobody is killed: ${how === 'keep' ? 'the dispatcher ends in order' : 'the worker was forgotten'}`, {
    skip,
  }, async (t) => {
    const { worker, dispatcher, over } = await watched(t, how)
    if (how === 'keep') dispatcher.stdin.end()
    else dispatcher.kill('SIGKILL')
    await over
    // The guard has ended when a second one, started later with as little patience, has.
    const second = await watched(t, 'keep')
    second.dispatcher.kill('SIGKILL')
    await second.gone
    assert.deepEqual([worker.exitCode, worker.signalCode], [null, null])
  })
