// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: calls and events go round; parameters are judged; a hostile client (endless line, garbage, disconnect,
 * no reading) costs a bounded amount and hurts nobody else; the socket is private; stale ones are replaced.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { silentLog } from '../monitor/log.ts'
import { ControlRefused, ControlUnreachable, connectControl } from './client.ts'
import { LineReader, LineTooLong } from './line-reader.ts'
import { ControlError, type Handlers } from './protocol.ts'
import { startControl } from './server.ts'

const never = (): Promise<never> => Promise.reject(new ControlError('not-found', 'not here'))

const handlers = (own: Partial<Handlers> = {}): Handlers => ({
  status: async () => ({
    version: '0',
    revision: 'r',
    startedAt: 1,
    listeners: [],
    connections: 0,
    queued: 2,
    held: 0,
    workers: [],
    machine: [],
  }),
  reload: never,
  'queue.list': async () => ({ rows: [], more: false }),
  'queue.shape': never,
  'queue.show': never,
  'queue.retry': never,
  'queue.hold': async ({ selection, reason }) => {
    assert.equal(reason, 'held by an operator')
    return { recipients: selection.ids?.length ?? 0 }
  },
  'queue.release': never,
  'queue.bounce': never,
  'queue.delete': never,
  'queue.reroute': never,
  doctor: () => Promise.reject(new Error('secret cause')),
  tail: async () => {},
  ...own,
})

async function start(t: TestContext, own: Partial<Handlers> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-control-'))
  const path = join(folder, 'control.sock')
  const server = await startControl({
    path,
    handlers: handlers(own),
    log: silentLog,
    signal: new AbortController().signal,
  })
  t.after(async () => {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  return path
}

/** Says `text`, then a request; gives everything that came back before its answer, or before the other side ended. */
async function say(path: string, text: string | Buffer): Promise<string> {
  const socket = connect(path)
  socket.on('error', () => {})
  socket.write(text)
  socket.write('\n{"id":99,"method":"status"}\n')
  let heard = ''
  for await (const chunk of socket) {
    heard += String(chunk)
    if (heard.includes('"id":99,')) break
  }
  return heard.replace(/\{"id":99,.*\n/, '')
}

test('a call brings back its result, parameters with their defaults', async (t) => {
  await using client = await connectControl(await start(t))
  assert.equal((await client.call('status', {})).queued, 2)
  const ids = ['01JDTC3Q3K0000000'.padEnd(17, '0'), '01JDTC3Q3K0000001']
  assert.deepEqual(await client.call('queue.hold', { selection: { ids } }), { recipients: 2 })
})

test('calls at one time each get their own answer', async (t) => {
  await using client = await connectControl(await start(t))
  const [a, b, c] = await Promise.all([
    client.call('status', {}),
    client.call('queue.list', {}),
    client.call('queue.shape', {}).catch((error: unknown) => error),
  ])
  assert.equal(a.revision, 'r')
  assert.deepEqual(b.rows, [])
  assert(c instanceof ControlRefused && c.code === 'not-found')
})

test('a bug in a handler tells the client nothing of its cause', async (t) => {
  await using client = await connectControl(await start(t))
  await assert.rejects(client.call('doctor', {}), (error) => {
    assert(error instanceof ControlRefused)
    assert.equal(error.code, 'internal')
    assert.doesNotMatch(error.message, /secret/)
    return true
  })
})

test('an error carries its detail', async (t) => {
  const path = await start(t, {
    reload: () => Promise.reject(new ControlError('invalid-configuration', 'no', 'postern.yaml:1:1')),
  })
  await using client = await connectControl(path)
  await assert.rejects(client.call('reload', {}), { code: 'invalid-configuration', detail: 'postern.yaml:1:1' })
})

test('tail sends events until the follower has enough, and its handler is told', async (t) => {
  const told = Promise.withResolvers<void>()
  const path = await start(t, {
    tail: async (_params, signal, send) => {
      signal.addEventListener('abort', () => told.resolve())
      for (let i = 0; i < 3; i++) send({ i })
      await told.promise
    },
  })
  await using client = await connectControl(path)
  const enough = new AbortController()
  const seen: unknown[] = []
  await client.follow(
    'tail',
    (event) => {
      seen.push(event)
      if (seen.length === 3) enough.abort()
    },
    enough.signal,
  )
  assert.deepEqual(seen, [{ i: 0 }, { i: 1 }, { i: 2 }])
  await told.promise
})

test('a follower that does not read loses events, counted, and no memory is taken for them', async (t) => {
  const sent = Promise.withResolvers<void>()
  const path = await start(t, {
    tail: async (_params, signal, send) => {
      for (let i = 0; i < 2000; i++) send({ i, text: 'x'.repeat(10_000) })
      sent.resolve()
      // Sends more until there is room again for the count to be told.
      while (!signal.aborted) {
        send({ more: true })
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  })
  const socket = connect(path)
  socket.pause()
  socket.write('{"id":1,"method":"tail"}\n')
  await sent.promise
  let heard = ''
  for await (const chunk of socket) {
    heard += String(chunk)
    if (heard.includes('"dropped"')) break
  }
  assert.match(heard, /"record":"dropped","count":1[0-9]{3}/)
  assert(heard.length < 10_000_000)
})

for (const { what, text, want } of [
  { what: 'not JSON', text: 'hello\n', want: /"id":null,"error":\{"code":"bad-request","message":"not JSON"/ },
  { what: 'JSON that is no request', text: '[1]\n', want: /bad-request/ },
  { what: 'null', text: 'null\n', want: /bad-request/ },
  { what: 'an unknown method', text: '{"id":1,"method":"rm"}\n', want: /"id":1,.*no method/ },
  { what: 'a method of Object.prototype', text: '{"id":1,"method":"constructor"}\n', want: /no method/ },
  { what: 'an unknown parameter', text: '{"id":7,"method":"status","params":{"x":1}}\n', want: /"id":7,.*bad-request/ },
  {
    what: 'a bad id of a message',
    text: '{"id":7,"method":"queue.show","params":{"id":"../.."}}\n',
    want: /not a message id/,
  },
  { what: 'empty lines', text: '\n \n\n', want: /^$/ },
  { what: 'octets that are no UTF-8', text: Buffer.from([0xff, 0xfe, 0x0a]), want: /not JSON/ },
  { what: 'a request', text: '{"id":1,"method":"status"}\n', want: /"id":1,"result"/ },
  { what: 'an endless line', text: Buffer.alloc((1 << 20) + 1, 'x'), want: /"id":null,.*more than 1048576 octets/ },
]) {
  test(`answers ${what}, and lives on`, { timeout: 5000 }, async (t) => {
    const path = await start(t)
    assert.match(await say(path, text), want)
    await using client = await connectControl(path)
    assert.equal((await client.call('status', {})).revision, 'r')
  })
}

test('more than sixteen requests at one time are refused', async (t) => {
  const block = Promise.withResolvers<never>()
  const path = await start(t, { 'queue.list': () => block.promise })
  await using client = await connectControl(path)
  const calls = Array.from({ length: 17 }, () => client.call('queue.list', {}))
  await assert.rejects(calls[16] ?? Promise.resolve(), { code: 'bad-request' })
  block.reject(new ControlError('not-found', 'enough'))
  await Promise.allSettled(calls)
})

test('a client that disconnects ends its requests', async (t) => {
  const aborted = Promise.withResolvers<void>()
  const path = await start(t, {
    'queue.list': (_params, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          aborted.resolve()
          reject(signal.reason)
        }),
      ),
  })
  const client = await connectControl(path)
  const call = client.call('queue.list', {})
  const rejected = assert.rejects(call, ControlUnreachable)
  // The request has to arrive first.
  await using other = await connectControl(path)
  await other.call('status', {})
  await client[Symbol.asyncDispose]()
  await aborted.promise
  await rejected
})

test('nobody is there: unreachable', async () => {
  await assert.rejects(connectControl('/nonexistent/control.sock'), ControlUnreachable)
})

test('the socket can be opened by its owner alone, and leaves nothing behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-control-'))
  const path = join(folder, 'run', 'control.sock')
  const ending = new AbortController()
  const server = await startControl({ path, handlers: handlers(), log: silentLog, signal: ending.signal })
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  ending.abort()
  await server[Symbol.asyncDispose]()
  await assert.rejects(stat(path), { code: 'ENOENT' })
  await rm(folder, { recursive: true })
})

test('a second server on a live socket is refused, and the first lives on', async (t) => {
  const path = await start(t)
  const second = startControl({ path, handlers: handlers(), log: silentLog, signal: new AbortController().signal })
  await assert.rejects(second, /running already/)
  await using client = await connectControl(path)
  assert.equal((await client.call('status', {})).revision, 'r')
})

test('a socket that nobody answers on is replaced; a file that is no socket is left alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-control-'))
  const path = join(folder, 's')
  // Bound elsewhere and moved, so that closing does not take the entry away: what a killed server leaves.
  const dead = createServer()
  await new Promise<void>((resolve) => dead.listen(join(folder, 'x'), resolve))
  await rename(join(folder, 'x'), path)
  await new Promise((resolve) => dead.close(resolve))
  const signal = new AbortController().signal
  const server = await startControl({ path, handlers: handlers(), log: silentLog, signal })
  await (await connectControl(path))[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await writeFile(path, 'precious')
  await assert.rejects(startControl({ path, handlers: handlers(), log: silentLog, signal }), /not a socket/)
  await rm(folder, { recursive: true })
})

test('lines come out the same however they are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 30 })), fc.array(fc.integer({ min: 1, max: 17 })), (texts, sizes) => {
      const lines = texts.map((text) => text.replaceAll('\n', ' '))
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
      const reader = new LineReader(1000)
      const got: string[] = []
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % Math.max(1, sizes.length)] ?? 5
        got.push(...reader.push(bytes.subarray(at, at + size)))
        at += size
      }
      assert.deepEqual(
        got,
        lines.map((line) => Buffer.from(line).toString()),
      )
    }),
  )
})

test('a line of exactly the limit passes, one octet more does not', () => {
  assert.deepEqual(new LineReader(3).push(Buffer.from('abc\n')), ['abc'])
  assert.throws(() => new LineReader(3).push(Buffer.from('abcd\n')), LineTooLong)
  assert.throws(() => new LineReader(3).push(Buffer.from('abcd')), LineTooLong)
})
