// SPDX-License-Identifier: Apache-2.0
/**
 * The control protocol, line reader and server, over a real socket. Properties:
 * - lines are those between line feeds, however the octets are cut; a line that is too long is LineTooLong;
 * - every line that is not empty gets exactly one answer, a line of JSON with a result or an error of CONTROL_ERRORS;
 * - no handler is called with parameters that its schema does not know; the server answers the next client.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LineReader, LineTooLong } from '../../../src/control/line-reader.ts'
import { CONTROL_ERRORS, type Handlers } from '../../../src/control/protocol.ts'
import { startControl } from '../../../src/control/server.ts'
import { silentLog } from '../../../src/monitor/log.ts'
import { any, chars, LETTERS, many, maybe, NUMBERS, nested, OBJECT_NAMES, octets, seq } from '../grammar.ts'
import { cut } from '../seed.ts'
import type { Target } from '../target.ts'

const METHOD = any(
  'status',
  'reload',
  'queue.list',
  'queue.show',
  'queue.hold',
  'queue.delete',
  'queue.reroute',
  'tail',
  'doctor',
  OBJECT_NAMES,
)
const json = nested(4, any(NUMBERS, 'true', 'null', '"x"'), (inner) =>
  any(
    NUMBERS,
    'true',
    'null',
    '"01JABCDEFGHJKMNPQ"',
    seq('"', chars(LETTERS, 0, 8), '"'),
    seq(
      '{',
      many(seq('"', any('all', 'ids', 'id', 'limit', 'selection', 'reason', OBJECT_NAMES), '":', inner), 0, 3, ','),
      '}',
    ),
    seq('[', many(inner, 0, 3, ','), ']'),
  ),
)
const request = seq('{"id":', any('1', '7', NUMBERS), ',"method":"', METHOD, '"', maybe(seq(',"params":', json)), '}')

export const control: Target = {
  name: 'control',
  grammar: many(any(request, request, json, octets(0, 12), ''), 1, 5, any('\n', '\n', '\r\n')),
  dictionary: ['\n', '{', '}', '"id":', '"method":', '"params":', '[', '"', '\\u0000', '__proto__', '\xff', '1e999'],
  seeds: [
    Buffer.from('{"id":1,"method":"status"}\n{"id":2,"method":"queue.hold","params":{"selection":{"all":true}}}\n'),
    Buffer.from('{"id":3,"method":"queue.show","params":{"id":"01JABCDEFGHJKMNPQ"}}\n'),
  ],
  maxBytes: 2048,
  shortRuns: 200,
  async check(input) {
    for (const size of [1, 3, 17, input.length + 1]) checkLines(input, size)
    const lines = input
      .toString('utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
    const said = (await say(Buffer.concat([input, Buffer.from('\n{"id":99,"method":"status"}\n')]), lines.length + 1))
      .split('\n')
      .slice(0, -1)
    // The sixteen requests of one client at one time are answered each; `tail` ends at once here.
    assert.equal(said.length, lines.length + 1, 'one answer for each line')
    for (const line of said) checkAnswer(JSON.parse(line))
  },
}

function checkLines(input: Buffer, size: number): void {
  const limit = 100
  const want = input.toString('latin1').split('\n')
  const long = want.findIndex((line) => line.length > limit)
  const reader = new LineReader(limit)
  const lines: string[] = []
  try {
    for (const piece of cut(input, size)) lines.push(...reader.push(Buffer.from(piece)))
    assert.equal(long, -1, 'a line that is too long passed')
    assert.equal(lines.length, want.length - 1)
  } catch (error) {
    if (!(error instanceof LineTooLong)) throw error
    assert.notEqual(long, -1, 'no line is too long')
  }
}

function checkAnswer(answer: unknown): void {
  assert.ok(typeof answer === 'object' && answer !== null && 'id' in answer)
  if ('result' in answer) return
  assert.ok('error' in answer && typeof answer.error === 'object' && answer.error !== null && 'code' in answer.error)
  assert.ok(
    CONTROL_ERRORS.some(
      (code) =>
        typeof answer.error === 'object' &&
        answer.error !== null &&
        'code' in answer.error &&
        answer.error.code === code,
    ),
  )
  assert.ok(!('code' in answer.error) || answer.error.code !== 'internal', 'a bug in the server')
}

const none = async () => ({ recipients: 0 })
const handlers: Handlers = {
  status: async () => ({
    version: '0',
    revision: 'r',
    startedAt: 1,
    listeners: [],
    connections: 0,
    queued: 0,
    held: 0,
    workers: [],
    machine: [],
  }),
  reload: async () => ({ before: 'r', revision: 'r', notes: [] }),
  'queue.list': async ({ limit }) => {
    assert.ok(Number.isSafeInteger(limit) && limit >= 1 && limit <= 10_000)
    return { rows: [], more: false }
  },
  'queue.shape': async () => ({ groups: [] }),
  'queue.show': async ({ id }) => {
    assert.match(id, /^[0-9A-Z]{17}$/)
    return { message: null }
  },
  'queue.retry': none,
  'queue.hold': none,
  'queue.release': none,
  'queue.bounce': none,
  'queue.delete': none,
  'queue.reroute': none,
  doctor: async () => ({ checks: [] }),
  tail: async () => {},
}

let path: Promise<string> | undefined
const aborted = new AbortController()

async function open(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-fuzz-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const socket = join(folder, 'control.sock')
  await startControl({ path: socket, handlers, log: silentLog, signal: aborted.signal })
  return socket
}

async function say(octets: Buffer, answers: number): Promise<string> {
  path ??= open()
  const socket = connect(await path)
  socket.write(octets)
  let heard = ''
  for await (const chunk of socket) {
    heard += String(chunk)
    if (heard.split('\n').length > answers) break
  }
  return heard
}

/** Lets the process end. */
export const closeControl = (): void => aborted.abort()
