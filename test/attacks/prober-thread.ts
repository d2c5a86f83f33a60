// SPDX-License-Identifier: Apache-2.0
/**
 * The thread of the prober (prober.ts): an honest client with a life of its own, so that what it measures is the
 * server's slowness and not the attacker's.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { HOST, USER } from './server.ts'

export interface ProberReport {
  readonly served: number
  readonly worstMs: number
  readonly failures: readonly string[]
}

export interface ProberData {
  readonly port: number
  readonly from: string
  readonly everyMs: number
  readonly patienceMs: number
}

const { port, from, everyMs, patienceMs }: ProberData = workerData
const MAX_FAILURES = 5
const CONTENT = `From: <prober@far.example>\r\nTo: <${USER}>\r\nSubject: probe\r\n\r\nStill there?\r\n.\r\n`

let running = false
let served = 0
let worstMs = 0
let failures: string[] = []
let underWay: Promise<void> = Promise.resolve()

parentPort?.on('message', async (word: 'begin' | 'end') => {
  if (word === 'begin') {
    running = true
    underWay = probe()
    return
  }
  running = false
  await underWay
  // One more, begun after the attack: whoever held the server up is gone.
  await probeOnce()
  const report: ProberReport = { served, worstMs: Math.round(worstMs), failures }
  served = 0
  worstMs = 0
  failures = []
  parentPort?.postMessage(report)
})

async function probe(): Promise<void> {
  while (running) {
    const started = performance.now()
    await probeOnce()
    const left = everyMs - (performance.now() - started)
    if (left > 0) await pause(left)
  }
}

/** One connection, one message, from the first SYN to the last reply. */
async function probeOnce(): Promise<void> {
  const started = performance.now()
  const socket = connect({ host: HOST, port, localAddress: from, noDelay: true })
  const late = setTimeout(() => socket.destroy(new Error(`not served in ${patienceMs} ms`)), patienceMs)
  try {
    await converse(socket)
    served++
  } catch (error) {
    if (failures.length < MAX_FAILURES) failures.push(error instanceof Error ? error.message : String(error))
  } finally {
    clearTimeout(late)
    socket.destroy()
    worstMs = Math.max(worstMs, performance.now() - started)
  }
}

async function converse(socket: Socket): Promise<void> {
  await once(socket, 'connect')
  const replies = repliesOf(socket)
  const expect = async (code: string): Promise<void> => {
    const { value } = await replies.next()
    if (value?.startsWith(code) !== true) throw new Error(`${code} was due, and came: ${value ?? 'the end'}`)
  }
  await expect('220')
  socket.write('EHLO prober.example\r\n')
  await expect('250')
  socket.write(`MAIL FROM:<prober@far.example>\r\nRCPT TO:<${USER}>\r\nDATA\r\n`)
  await expect('250')
  await expect('250')
  await expect('354')
  socket.write(CONTENT)
  await expect('250')
  socket.write('QUIT\r\n')
  await expect('221')
}

async function* repliesOf(socket: Socket): AsyncGenerator<string, undefined> {
  let rest = ''
  for await (const chunk of socket.setEncoding('latin1')) {
    const lines = `${rest}${chunk}`.split('\r\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line[3] !== '-') yield line
  }
  return undefined
}
