// SPDX-License-Identifier: Apache-2.0
/** Proves: programs get no word that is not theirs, are bounded, and half a message is never "delivered". */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Outcome } from '../envelope/outcome.ts'
import { address, configOf, delivery, deps } from './fixture.ts'
import { createPipe } from './pipe.ts'
import { lookupAccount } from './system-account.ts'

const root = await mkdtemp(join(tmpdir(), 'postern-pipe-'))
after(() => rm(root, { recursive: true, force: true }))
const signal = AbortSignal.timeout(30_000)
const brief = (outcome: Outcome | undefined): string =>
  outcome === undefined ? '' : 'status' in outcome ? `${outcome.kind} ${outcome.status}` : outcome.kind
const shell = (script: string, ...words: string[]) => ['/bin/sh', '-c', script, 'sh', ...words]
const pipe = (command: readonly string[], timeout = '10s') => createPipe(configOf('pipe', { command, timeout }), deps())

test('a message that cannot be read to its end is not delivered, though the program is content', async () => {
  await using channel = pipe(shell('cat >/dev/null; exit 0'))
  const broken = {
    ...delivery(['kim@example.org']),
    async *content() {
      yield Buffer.from('half')
      throw new Error('EIO')
    },
  }
  assert.equal(brief((await channel.deliver(broken, { signal }))[0]), 'deferred 4.3.0')
})

test('a program that does not read is judged by its status', async () => {
  await using channel = pipe(['/bin/true'])
  const large = { ...delivery(['kim@example.org']), content: () => chunks(64) }
  assert.equal(brief((await channel.deliver(large, { signal }))[0]), 'delivered')
})

async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield Buffer.alloc(65_536, 'x')
}

test('a child left behind with the standard error holds nobody up', async () => {
  await using channel = pipe(shell('sleep 5 & exit 0'))
  const began = performance.now()
  assert.equal(brief((await channel.deliver(delivery(['kim@example.org']), { signal }))[0]), 'delivered')
  assert.ok(performance.now() - began < 4000)
})

test('what a program says is kept, bounded and cleaned', async () => {
  await using channel = pipe(shell('printf "no\\r\\nroom\\033[31m" >&2; yes >&2 & sleep 0.1; kill $!; exit 75'))
  const [outcome] = await channel.deliver(delivery(['kim@example.org']), { signal })
  assert.ok(outcome?.kind === 'deferred')
  assert.ok(outcome.reason.length < 700)
  assert.match(outcome.reason, /^\/bin\/sh: status 75: no room \[31m/)
})

test('the environment is clean', async () => {
  const file = join(root, 'env')
  await using channel = pipe(shell('env >"$1"', file))
  await channel.deliver(delivery(['kim@example.org']), { signal })
  const names = (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => line.split('=')[0] ?? '')
  assert.deepEqual(names.filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name)).sort(), [
    'LANG',
    'PATH',
    'RECIPIENT',
    'SENDER',
    'USER',
  ])
})

for (const { name, command, to, want } of [
  {
    name: 'an address that looks like an option',
    command: ['/bin/true', '{user}'],
    to: '-oQ@example.org',
    want: 'failed 5.1.3',
  },
  {
    name: 'the same behind an option of the site',
    command: ['/bin/true', '-f{user}'],
    to: '-oQ@example.org',
    want: 'delivered',
  },
  { name: 'a program that is not there', command: ['/nonexistent'], to: 'kim@example.org', want: 'deferred 4.3.0' },
  {
    name: 'a word no program can be given',
    command: ['/bin/true', 'a\0b'],
    to: 'kim@example.org',
    want: 'deferred 4.3.0',
  },
])
  test(`pipe: ${name}`, async () => {
    await using channel = pipe(command)
    assert.equal(brief((await channel.deliver(delivery([{ address: address(to) }]), { signal }))[0]), want)
  })

for (const via of ['not json', '{"a":1}', '[1]', '[]'])
  test(`pipe: an operator rerouted to ${via}`, async () => {
    await using channel = createPipe(configOf('pipe'), deps())
    assert.equal(brief((await channel.deliver(delivery([{ via }]), { signal }))[0]), 'failed 5.7.1')
  })

test('accounts by name and by number', async () => {
  assert.deepEqual(await lookupAccount('root'), { uid: 0, gid: 0 })
  assert.deepEqual(await lookupAccount('12:34'), { uid: 12, gid: 34 })
  assert.equal(await lookupAccount('no such account'), undefined)
})

test('runs as the account of the configuration', {
  skip: process.getuid?.() !== 0 && 'only root can change accounts',
}, async () => {
  await using channel = createPipe(
    configOf('pipe', { command: shell('test "$(id -u):$(id -g)" = 65534:65534'), user: '65534:65534' }),
    deps(),
  )
  assert.equal(brief((await channel.deliver(delivery(['kim@example.org']), { signal }))[0]), 'delivered')
})
