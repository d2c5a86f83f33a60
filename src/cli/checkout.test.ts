// SPDX-License-Identifier: Apache-2.0
/** Proves: the command line of a checkout begins on the Node that the machine has, and signals reach what it became. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { findProgram } from '../../test/peers/install.ts'

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

const older = (() => {
  const node = findProgram('node')
  const version = node === undefined ? '' : execFileSync(node, ['--version'], { encoding: 'utf8' })
  return Number(/^v(\d+)/.exec(version)?.[1]) < 24 ? node : undefined
})()

test('on a Node older than 24', { skip: older === undefined ? 'the machine has none' : false }, () => {
  const out = execFileSync(older ?? '', [at('bin/postern.mjs'), '--help'], { encoding: 'utf8', timeout: 60_000 })
  assert.match(out, /Usage: postern/)
})

test('a signal reaches what the command became, and so does its status come back', async () => {
  const script = `import { handOver } from ${JSON.stringify(pathToFileURL(at('scripts/runtime.mjs')).href)}
    await handOver(process.execPath, ['-e', "process.on('SIGTERM', () => process.exit(7)); console.log('up'); setInterval(() => {}, 1000)"])`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const out = text(child.stdout)
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  const [status] = await once(child, 'exit')
  assert.equal(status, 7)
  assert.equal((await out).trim(), 'up')
})

test('a signal to the whole group ends the command as one to it alone does', async () => {
  const cli = pathToFileURL(at('src/cli/cli.ts')).href
  const inner = `const { Cli } = await import(${JSON.stringify(cli)})
    const signal = new Cli({ env: {} }).untilSignal()
    const alive = setInterval(() => {}, 1000)
    signal.addEventListener('abort', () => setTimeout(() => { console.log('ended'); clearInterval(alive) }, 300))
    console.log('up')`
  const outer = `import { handOver } from ${JSON.stringify(pathToFileURL(at('scripts/runtime.mjs')).href)}
    await handOver(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(inner)}])`
  const child = spawn(process.execPath, ['--input-type=module', '-e', outer], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const out = text(child.stdout)
  await once(child.stdout, 'data')
  process.kill(-(child.pid ?? 0), 'SIGTERM')
  // One that is forwarded comes a little later than its twin, or together with it.
  await pause(100)
  process.kill(-(child.pid ?? 0), 'SIGTERM')
  const [status] = await once(child, 'exit')
  assert.equal(status, 0)
  assert.match(await out, /ended/)
})
