// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { freePort } from './free-port.ts'

const EACH = 50

/** Says its ports and lives until its input ends. */
const PROCESS = `
  const { freePort } = await import(${JSON.stringify(new URL('./free-port.ts', import.meta.url).href)})
  const ports = []
  while (ports.length < ${EACH}) ports.push(await freePort())
  console.log(ports.join(' '))
  process.stdin.resume()`

test('processes that run together are given different ports', async () => {
  const processes = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', PROCESS], { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  const said = await Promise.all(processes.map(({ stdout }) => once(createInterface(stdout), 'line')))
  const given = said.flatMap(([line]) => String(line).split(' ').map(Number))
  while (given.length < (processes.length + 1) * EACH) given.push(await freePort())
  for (const { stdin } of processes) stdin.end()
  assert.equal(new Set(given).size, given.length)
})
