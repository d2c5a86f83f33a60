// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: exit codes as promised; every command has help with an example; configuration, directory and history
 * commands work without a server, queue commands through one; no terminal sequence of a stranger is printed.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { ControlError, type Handlers, type QueueRow } from '../control/protocol.ts'
import { startControl } from '../control/server.ts'
import { parseMessageId } from '../envelope/message-id.ts'
import { silentLog } from '../monitor/log.ts'
import { Cli } from './cli.ts'
import { COMMANDS } from './commands.ts'
import { postern } from './fixture.ts'
import { buildProgram } from './run.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const ID = '01JDTC3Q3K0000001'

async function site(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-cli-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const { code } = await postern(['init', directory, '--hostname', 'mx.example.org'])
  assert.equal(code, 0)
  return directory
}

for (const { args, code } of [
  { args: [], code: 2 },
  { args: ['--help'], code: 0 },
  { args: ['--version'], code: 0 },
  { args: ['help', 'queue'], code: 0 },
  { args: ['queue'], code: 2 },
  { args: ['queue', 'list', '--help'], code: 0 },
  { args: ['nonsense'], code: 2 },
  { args: ['status', '--nonsense'], code: 2 },
  { args: ['status', '--config', '/nonexistent'], code: 2 },
  { args: ['check', '/nonexistent'], code: 1 },
  { args: ['explain', 'x'], code: 2 },
  { args: ['queue', 'delete'], code: 2 },
  { args: ['queue', 'retry', '--all', '--channel', 'x'], code: 2 },
  { args: ['queue', 'retry', '../etc'], code: 2 },
  { args: ['queue', 'list', '--state', 'lost'], code: 2 },
  { args: ['queue', 'list', '--limit', '0'], code: 2 },
  { args: ['init', '--hostname', 'a b', '/nonexistent'], code: 2 },
]) {
  test(`postern ${args.join(' ')} ends with ${code}`, async () => {
    const ran = await postern(args)
    assert.equal(ran.code, code, ran.err)
    assert((code === 0 || args[0] === 'check' ? ran.out : ran.err).length > 0)
  })
}

test('every command has help with an example, and its examples name commands there are', async () => {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough(), env: {} }
  const program = await buildProgram(new Cli(streams), 'all')
  const names = (command: Command): string[] =>
    command.commands.flatMap((sub) => [sub.name(), ...names(sub).map((name) => `${sub.name()} ${name}`)])
  const known = names(program)
  assert(known.includes('queue reroute') && known.length > 30)
  for (const name of known.filter((one) => !one.startsWith('help') && !one.endsWith(' help'))) {
    const { code, out } = await postern([...name.split(' '), '--help'])
    assert.equal(code, 0, name)
    assert.match(out, /Examples:\n {2}\$ postern /, name)
    for (const [, example] of out.matchAll(/\$ postern (.*)/g)) {
      const [first = '', second = ''] = (example ?? '').split(' ')
      assert(known.includes(first) && (!COMMANDS_WITH_SUBS.has(first) || known.includes(`${first} ${second}`)), example)
    }
  }
})
const COMMANDS_WITH_SUBS = new Set(['queue', 'filter', 'template', 'user', 'domain', 'alias'])

test('the real thing starts, quickly enough for help', () => {
  const ran = spawnSync(process.execPath, [MAIN, '--help'], { encoding: 'utf8' })
  assert.equal(ran.status, 0, ran.stderr)
  for (const { name } of COMMANDS) assert.match(ran.stdout, new RegExp(`^ {2}${name} `, 'm'))
  const wrong = spawnSync(process.execPath, [MAIN, 'check', '/nonexistent', '--json'], { encoding: 'utf8' })
  assert.equal(wrong.status, 1)
  assert.equal(JSON.parse(wrong.stdout).diagnostics[0].code, 'file-missing')
})

test('init, check, config, schema', async (t) => {
  const directory = await site(t)
  const again = await postern(['init', directory])
  assert.equal(again.code, 1)
  assert.match(again.err, /there already/)
  const fine = await postern(['check'], { env: { POSTERN_CONFIG: directory } })
  assert.equal(fine.code, 0, fine.out)
  assert.match(fine.out, /fine, 3 files, revision [0-9a-f]{12}/)
  const config = await postern(['config', '--effective', '--config', join(directory, 'postern.yaml')])
  assert.match(config.out, /hostname: mx\.example\.org # postern\.yaml:\d+/)
  const schema = await postern(['schema'])
  assert.equal(JSON.parse(schema.out).title, 'postern.yaml')
  await writeFile(join(directory, 'aliases'), 'root kim\n')
  await writeFile(join(directory, 'postern.yaml'), 'server: { hostname: mx }\nlisteners: {}\nx: 1\n')
  const wrong = await postern(['check', directory])
  assert.equal(wrong.code, 1)
  for (const code of ['alias aliases:1:', 'unknown-key postern.yaml:3:1', 'warning hostname-not-qualified'])
    assert(wrong.out.includes(code), code)
  assert.equal((await postern(['config', '--config', directory])).code, 1)
})

test('warnings alone are fine, unless --strict', async (t) => {
  const directory = await site(t)
  const text = 'server: { hostname: mx }\nlisteners: { mx: { service: smtp, port: 25 } }\n'
  await writeFile(join(directory, 'postern.yaml'), text)
  assert.equal((await postern(['check', directory])).code, 0)
  assert.equal((await postern(['check', directory, '--strict'])).code, 1)
})

test('users, domains and aliases', async (t) => {
  const directory = await site(t)
  const run = (args: string, stdin?: string) =>
    postern([...args.split(' '), '--config', directory], stdin === undefined ? {} : { stdin })
  assert.equal((await run('user add kim@example.org --no-password')).code, 1, 'no such domain')
  assert.equal((await run('domain add example.org')).code, 0)
  assert.equal((await run('domain add example.org')).code, 1)
  assert.equal((await run('domain add ex_ample..org')).code, 2)
  assert.equal((await run('user add kim@example.org --also k@example.org --password-stdin', 'open sesame\n')).code, 0)
  assert.equal((await run('user add kim@example.org --no-password')).code, 1)
  assert.equal((await run('user add lee@example.org --password-stdin', '\n')).code, 2)
  assert.equal((await run('user add lee@example.org')).code, 2, 'nobody to ask')
  assert.match((await run('user list')).out, /kim@example\.org +active +set +k@example\.org/)
  assert.match((await run('user suspend kim@example.org')).out, /kim@example\.org is suspended/)
  assert.equal((await run('user disable kim@example.org')).code, 0)
  const shown = JSON.parse((await run('user show K@EXAMPLE.ORG --json')).out)
  assert.deepEqual([shown.status, shown.hasPassword], ['disabled', true])
  assert.equal((await run('user enable kim@example.org')).code, 0)
  assert.equal((await run('user password kim@example.org --password-stdin', 'other\n')).code, 0)
  assert.equal((await run('alias add sales@example.org kim robin@example.net --owner kim@example.org')).code, 0)
  assert.equal((await postern(['alias', 'add', 'x@example.org', '|relative', '--config', directory])).code, 2)
  assert.match((await run('alias list')).out, /sales@example\.org +kim@example\.org, robin@example\.net +kim@/)
  assert.match((await run('alias show sales@example.org')).out, /^sales@example\.org\n {2}kim@example\.org\n/)
  assert.match((await run('domain list')).out, /example\.org +1 +1\n$/)
  assert.equal((await run('domain delete example.org')).code, 1)
  assert.equal((await run('alias delete sales@example.org')).code, 0)
  assert.equal((await run('user delete kim@example.org')).code, 0)
  assert.equal((await run('user delete kim@example.org')).code, 1)
  assert.equal((await run('domain delete example.org')).code, 0)
})

test('a password is asked for twice, without echo, and can be corrected', async (t) => {
  const directory = await site(t)
  await postern(['domain', 'add', 'example.org', '--config', directory])
  const modes: boolean[] = []
  const terminal = (...keys: string[]) => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => modes.push(on) })
    // Keys arrive once somebody listens for them.
    stdin.on('resume', () => {
      const next = keys.shift()
      if (next !== undefined) setImmediate(() => stdin.write(next))
    })
    return stdin
  }
  const add = (...keys: string[]) =>
    postern(['user', 'add', 'kim@example.org', '--config', directory], { stdin: terminal(...keys) })
  assert.equal((await add('one\r', 'two\r')).code, 2)
  assert.equal((await add('one\u0003')).code, 2)
  const { code, err } = await add('wrong\u0015sesamee\u007f\r', 'sesame\r')
  assert.equal(code, 0, err)
  assert.doesNotMatch(err, /sesame/)
  assert.deepEqual(modes, [true, false, true, false, true, false, true, false, true, false])
})

const ROW: QueueRow = {
  id: ID,
  sender: '',
  recipient: 'kim@example.com',
  channel: 'tcp_local',
  state: 'queued',
  size: 2048,
  receivedAt: Date.now() - 3_700_000,
  attempts: 3,
  nextAt: Date.now() + 690_000,
  reason: '451 4.7.1 \u001b[2Jgreylisted\r\n\u202eevil',
}

async function serving(
  t: TestContext,
  own: Partial<Handlers> = {},
): Promise<(args: string[]) => ReturnType<typeof postern>> {
  const directory = await site(t)
  const none = () => Promise.reject(new ControlError('not-found', 'no such message'))
  const group = {
    ...ROW,
    domain: 'example.com',
    recipients: 12,
    oldestAt: ROW.receivedAt,
    reason: 'connection refused',
  }
  const handlers: Handlers = {
    status: async () => ({
      version: '0.1.0',
      revision: 'abc',
      startedAt: Date.now() - 90_000,
      listeners: [{ name: 'mx', service: 'smtp', address: '::', port: 2525 }],
      connections: 1,
      queued: 2,
      held: 0,
      workers: [],
      machine: [{ name: 'free space', ok: false, detail: '9.0 MiB free' }],
    }),
    reload: () =>
      Promise.reject(new ControlError('invalid-configuration', 'the configuration has errors', 'error x a:1:1')),
    'queue.list': async () => ({ rows: [ROW], more: false }),
    'queue.shape': async () => ({ groups: [{ ...group, recipients: 2, domain: 'small.example' }, group] }),
    'queue.show': none,
    'queue.retry': async ({ selection }) => ({ recipients: selection.all === true ? 7 : 0 }),
    'queue.hold': none,
    'queue.release': none,
    'queue.bounce': none,
    'queue.delete': none,
    'queue.reroute': none,
    tail: async (_params, _signal, send) => send({ record: 'dropped', count: 2 }),
    doctor: async () => ({ checks: [{ name: 'ledger', fine: false, detail: 'one recipient too many' }] }),
    ...own,
  }
  const signal = new AbortController().signal
  const server = await startControl({ path: join(directory, 'control.sock'), handlers, log: silentLog, signal })
  t.after(() => server[Symbol.asyncDispose]())
  return (args) => postern([...args, '--config', directory])
}

test('queue list and shape are tables without a stranger’s control characters', async (t) => {
  const run = await serving(t)
  const { code, out } = await run(['queue', 'list'])
  assert.equal(code, 0)
  assert.match(
    out,
    new RegExp(`^${ID} +1h\\dm +2\\.0K +<> +kim@example\\.com +tcp_local +1\\dm +3 +451 4\\.7\\.1 `, 'm'),
  )
  assert.doesNotMatch(out, /[\u001b\r\u202e]/)
  assert.deepEqual(JSON.parse((await run(['queue', 'list', '--json'])).out).rows[0].id, ID)
  const shape = await run(['queue', 'shape'])
  assert.match(shape.out, /12 +tcp_local +example\.com +1h\dm +1\dm +connection refused\n +2 /)
})

test('queue retry says how many; none is a finding', async (t) => {
  const run = await serving(t)
  assert.deepEqual(await run(['queue', 'retry', '--all']), { code: 0, out: 'retry: 7 recipients\n', err: '' })
  assert.equal((await run(['queue', 'retry', ID])).code, 1)
})

test('what the selection flags say arrives', async (t) => {
  const seen: unknown[] = []
  const run = await serving(t, {
    'queue.reroute': async (params) => {
      seen.push(params)
      return { recipients: 1 }
    },
    'queue.bounce': async (params) => {
      seen.push(params)
      return { recipients: 1 }
    },
  })
  await run(['queue', 'reroute', ID.toLowerCase(), '--domain', 'a.example', '--to', 'hold', '--via', '[192.0.2.1]:26'])
  await run(['queue', 'bounce', '--sender', '<>', '--state', 'held', '--reason', 'x', '--because', 'why'])
  assert.deepEqual(seen, [
    { selection: { ids: [parseMessageId(ID)], domain: 'a.example' }, channel: 'hold', via: '[192.0.2.1]:26' },
    { selection: { sender: '', state: 'held', reason: 'x' }, reason: 'why' },
  ])
})

test('status, doctor, tail, and what the server refuses', async (t) => {
  const run = await serving(t)
  assert.match(
    (await run(['status'])).out,
    /up 1m30s, revision abc\n1 connection, 2 recipients queued, 0 held\nALARM free space: 9.0 MiB free\n/,
  )
  const doctor = await run(['doctor'])
  assert.equal(doctor.code, 1)
  assert.match(doctor.out, /WRONG {2}ledger +one recipient too many/)
  assert.match((await run(['tail'])).out, /2 records left out/)
  assert.equal((await run(['queue', 'show', ID])).code, 1)
  const reload = await run(['reload'])
  assert.equal(reload.code, 1)
  assert.match(reload.err, /the configuration has errors\n\nerror x a:1:1/)
  const json = await run(['reload', '--json'])
  assert.equal(JSON.parse(json.err).exitCode, 1)
})

test('a server that cannot start says why, without a stack: 1', async (t) => {
  const directory = await site(t)
  await writeFile(join(directory, 'postern.yaml'), 'server: { hostname: mx.example.org }\n')
  const refused = await postern(['serve', '--config', directory])
  assert.equal(refused.code, 1)
  assert.match(refused.err, /missing-key postern\.yaml:1:1/)
  assert.doesNotMatch(refused.err, /internal fault|\n +at /)
})

test('no server: 3', async (t) => {
  const directory = await site(t)
  for (const args of [['status'], ['queue', 'list'], ['tail'], ['reload']])
    assert.equal((await postern([...args, '--config', directory])).code, 3, args.join(' '))
})

test('a fault of the server: 4', async (t) => {
  const run = await serving(t, { status: () => Promise.reject(new Error('bug')) })
  assert.equal((await run(['status'])).code, 4)
})

test('explain and track read the history of the spool', async (t) => {
  const directory = await site(t)
  const run = (...args: string[]) => postern([...args, '--config', directory])
  assert.equal((await run('explain', ID)).code, 1)
  const trace = {
    record: 'trace',
    version: 1,
    id: ID,
    session: '01JDTC3Q3K0000000',
    at: Date.UTC(2026, 0, 1),
    revision: 'abc',
    listener: 'mx',
    client: { address: '192.0.2.7', port: 1 },
    server: { address: '192.0.2.1', port: 25 },
    source: 'tcp_local',
    from: 'mallory\u001b[2J@example.net',
    recipients: [{ given: 'x@example.com', result: 'refused', reply: '550 5.7.1 no relaying' }],
    outcome: 'refused',
    steps: [
      {
        at: 'rcpt',
        stage: 'relay guard',
        ms: 1,
        result: 'refuse',
        by: { by: 'built-in', rule: 'relay guard' },
        reply: '550 5.7.1 no relaying',
      },
    ],
    facts: [],
  }
  await mkdir(join(directory, 'spool', 'history'), { recursive: true })
  await writeFile(join(directory, 'spool', 'history', 'traces-20260101-0001.jsonl'), `${JSON.stringify(trace)}\n`)
  const explained = await run('explain', ID.toLowerCase())
  assert.equal(explained.code, 0, explained.err)
  assert.match(explained.out, /relay guard/)
  const tracked = await run('track', 'EXAMPLE.NET')
  assert.match(tracked.out, new RegExp(`${ID} refused \\[192\\.0\\.2\\.7\\] from .* to x@example\\.com: 550 5\\.7\\.1`))
  assert.doesNotMatch(explained.out + tracked.out, /\u001b/)
  assert.equal((await run('track', 'nobody')).code, 1)
})
