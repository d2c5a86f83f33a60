// SPDX-License-Identifier: Apache-2.0
/** The thread of hang-guard.ts. */
import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { HEADER, IDLE, type Watched } from './hang-guard.ts'
import { commandFor } from './report.ts'

const { memory, seed, patienceMs } = workerData as Watched
const state = new Int32Array(memory, 0, 3)
let seen = IDLE

setInterval(() => {
  const now = Atomics.load(state, 0)
  if (now === IDLE || now !== seen) {
    seen = now
    return
  }
  const octets = Buffer.from(new Uint8Array(memory, HEADER))
  const [, nameLength = 0, length = 0] = state
  const target = octets.toString('utf8', 0, nameLength)
  const input = octets.subarray(nameLength, nameLength + length)
  writeSync(1, `HANG ${target}, seed ${seed}: no end after ${patienceMs} ms\n  ${commandFor(target, seed, input)}\n`)
  process.kill(process.pid, 'SIGKILL')
}, patienceMs)
