// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: every kind of mistake becomes a diagnostic with its code and place; all errors of all files come at once;
 * a revision names the place of each setting; the same files give the same revision; nothing of it can be changed.
 */
import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { type FileChecker, type Loaded, loadRevision } from './load.ts'
import { selfSigned } from './self-signed.ts'

const NOW = Date.UTC(2026, 5, 1)

const BASE = `server: { hostname: mx.example.org }
listeners: { mx: { service: smtp, port: 2525 } }
`

async function folder(t: TestContext, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-config-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content)
  return directory
}

const loadText = async (t: TestContext, text: string): Promise<Loaded> =>
  await loadRevision(await folder(t, { 'postern.yaml': text }), { now: () => NOW })

const summary = ({ diagnostics }: Loaded): string[] => diagnostics.map((d) => `${d.code} ${d.line}:${d.column}`)

for (const { what, text, want } of [
  { what: 'nothing wrong', text: BASE, want: [] },
  { what: 'an empty file', text: '', want: ['wrong-type 1:1'] },
  { what: 'a list', text: '- a', want: ['wrong-type 1:1'] },
  { what: 'a syntax error', text: 'server: {', want: ['yaml-syntax 1:10'] },
  { what: 'a duplicate key', text: `${BASE}dns: {}\ndns: {}\n`, want: ['duplicate-key 4:1'] },
  { what: 'a tag', text: `${BASE}dns: !!js/function x\n`, want: ['yaml-syntax 3:6'] },
  { what: 'a second document', text: `${BASE}---\na: 1\n`, want: ['yaml-syntax 3:1'] },
  {
    what: 'aliases that explode',
    text: `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\n`,
    want: ['yaml-syntax 1:1'],
  },
  { what: 'a missing section', text: 'server: { hostname: mx.example.org }', want: ['missing-key 1:1'] },
  { what: 'a missing key', text: BASE.replace('hostname: mx.example.org', 'spool: x'), want: ['missing-key 1:1'] },
  { what: 'an unknown key', text: `${BASE}dsn: {}\n`, want: ['unknown-key 3:1'] },
  {
    what: 'unknown keys, one each',
    text: `${BASE}limits: { recieved: 20, x: 1 }\n`,
    want: ['unknown-key 3:11', 'unknown-key 3:25'],
  },
  {
    what: 'a merge key, which YAML 1.2 has not',
    text: `${BASE}dns: { <<: { timeout: 1s } }\n`,
    want: ['unknown-key 3:8'],
  },
  { what: 'a wrong type', text: `${BASE}limits: { recipients: many }\n`, want: ['wrong-type 3:23'] },
  { what: 'a section without content', text: `${BASE}networks:\n`, want: ['wrong-type 3:1'] },
  { what: 'a number out of bounds', text: `${BASE}limits: { recipients: 99 }\n`, want: ['bad-value 3:23'] },
  { what: 'a value not in the list', text: `${BASE}monitor: { log: loud }\n`, want: ['bad-value 3:17'] },
  { what: 'a bad duration', text: `${BASE}dns: { timeout: 10 s }\n`, want: ['bad-duration 3:17'] },
  { what: 'a bad size', text: `${BASE}limits: { messageSize: 3XB }\n`, want: ['bad-size 3:24'] },
  { what: 'a bad wait', text: `${BASE}queue: { retry: [5m, soon] }\n`, want: ['bad-duration 3:22'] },
  { what: 'a wait of nothing', text: `${BASE}queue: { retry: [0s] }\n`, want: ['bad-duration 3:18'] },
  {
    what: 'a notice after the end',
    text: `${BASE}queue: { expire: 1h, delayNotice: 2h }\n`,
    want: ['bad-duration 3:35'],
  },
  {
    what: 'limits of a channel that change nothing',
    text: `${BASE}channels:
  tcp_local: { longLines: wrap, transactionLimitRcptTo: true, transactionLimit: 2000, sourceBlockLimit: 60000 }
  tcp_auth: { longLines: wrap, recipientLimit: 500 }
limits: { blockLimit: 60000 }
`,
    want: ['no-effect 4:33', 'no-effect 4:81', 'no-effect 4:105', 'no-effect 5:15', 'no-effect 6:23'],
  },
  {
    what: 'a limit that is too low for other systems',
    text: `${BASE}channels: { tcp_local: { recipientLimit: 20 } }\n`,
    want: ['limit-low 3:42'],
  },
  {
    what: 'a greeting held back for too long',
    text: `${BASE}limits: { greetingDelay: [{ clients: [0.0.0.0/0], wait: 2m }] }\n`,
    want: ['bad-duration 3:57'],
  },
  { what: 'a bad host name', text: BASE.replace('mx.example.org', 'mx_1.example.org'), want: ['bad-hostname 1:21'] },
  {
    what: 'a host name without domain',
    text: BASE.replace('mx.example.org', 'mx'),
    want: ['hostname-not-qualified 1:21'],
  },
  { what: 'a bad name of a listener', text: BASE.replace('mx:', 'MX 1:'), want: ['bad-name 2:14'] },
  { what: 'no listener', text: 'server: { hostname: mx.example.org }\nlisteners: {}\n', want: ['no-listener 2:1'] },
  {
    what: 'two listeners on one port',
    text: 'server: { hostname: mx.example.org }\nlisteners:\n  a: { service: smtp, port: 25 }\n  b: { service: smtp, port: 25, address: 192.0.2.1 }\n',
    want: ['duplicate-listener 4:29'],
  },
  {
    what: 'two addresses with one port',
    text: 'server: { hostname: mx.example.org }\nlisteners:\n  a: { service: smtp, port: 25, address: 192.0.2.2 }\n  b: { service: smtp, port: 25, address: 192.0.2.1 }\n',
    want: [],
  },
  {
    what: 'port 0 twice',
    text: `${BASE.replace('2525', '0')}monitor: { port: 0 }\n`,
    want: [],
  },
  {
    what: 'the monitor on a listener’s port',
    text: `${BASE}monitor: { port: 2525 }\n`,
    want: ['duplicate-listener 3:18'],
  },
  {
    what: 'ManageSieve on a listener’s port, and without a certificate',
    text: `${BASE}managesieve: { listeners: { sieve: { port: 2525 } } }\n`,
    want: ['tls-missing 3:16', 'duplicate-listener 3:44'],
  },
  {
    what: 'limits of ManageSieve that are none',
    text: `${BASE}managesieve: { idleTimeout: 29m, scriptSize: 64KiB }\n`,
    want: ['bad-duration 3:29', 'bad-size 3:46'],
  },
  { what: 'submissions without a certificate', text: BASE.replace('smtp', 'submissions'), want: ['tls-missing 2:29'] },
  {
    what: 'an unknown channel of a listener',
    text: BASE.replace('2525', '2525, channel: tcp_locl'),
    want: ['unknown-channel 2:56'],
  },
  { what: 'a listener on a store', text: BASE.replace('2525', '2525, channel: ims-ms'), want: ['channel-kind 2:56'] },
  {
    what: 'a route to nowhere',
    text: `${BASE}routes: [{ domain: a.example, channel: nowhere }]\n`,
    want: ['unknown-channel 3:40'],
  },
  {
    what: 'tcp_internal, by its other name',
    text: `${BASE}routes: [{ domain: a.example, channel: TCP_INTERNAL }]\n`,
    want: [],
  },
  {
    what: 'one channel under two names',
    text: `${BASE}channels: { tcp_internal: {}, tcp_intranet: {} }\n`,
    want: ['duplicate-channel 3:31'],
  },
  { what: 'a bad name of a channel', text: `${BASE}channels: { a.b: { kind: hold } }\n`, want: ['bad-name 3:13'] },
  { what: 'a channel without kind', text: `${BASE}channels: { mine: { port: 26 } }\n`, want: ['missing-key 3:13'] },
  { what: 'a kind there is not', text: `${BASE}channels: { mine: { kind: smtp } }\n`, want: ['bad-value 3:27'] },
  {
    what: 'a stock channel of another kind',
    text: `${BASE}channels: { ims-ms: { kind: lmtp, socket: s } }\n`,
    want: [],
  },
  { what: 'LMTP without a server', text: `${BASE}channels: { ims-ms: { kind: lmtp } }\n`, want: ['lmtp-target 3:23'] },
  {
    what: 'LMTP with two',
    text: `${BASE}channels: { ims-ms: { kind: lmtp, socket: s, host: 'h:24' } }\n`,
    want: ['lmtp-target 3:35'],
  },
  {
    what: 'LMTP without a port',
    text: `${BASE}channels: { ims-ms: { kind: lmtp, host: h } }\n`,
    want: ['bad-next-hop 3:41'],
  },
  {
    what: 'a bad smart host',
    text: `${BASE}channels: { tcp_local: { smarthost: '[1.2.3]' } }\n`,
    want: ['bad-next-hop 3:37'],
  },
  {
    what: 'a switch to nowhere',
    text: `${BASE}channels: { tcp_local: { saslSwitchChannel: x } }\n`,
    want: ['unknown-channel 3:45'],
  },
  { what: 'a store that is none', text: `${BASE}channels: { l: { store: l } }\n`, want: ['channel-kind 3:25'] },
  {
    what: 'a stock setting that fits no more',
    text: `${BASE}channels: { tcp_auth: { kind: hold } }\n`,
    want: ['channel-kind 3:1', 'channel-kind 3:1', 'channel-kind 3:1'],
  },
  { what: 'a bad network', text: `${BASE}networks: { own: [192.0.2.0/33] }\n`, want: ['bad-network 3:19'] },
  {
    what: 'host bits',
    text: `${BASE}networks: { own: [192.0.2.1/24, '2001:db8::1/64'] }\n`,
    want: ['network-host-bits 3:19', 'network-host-bits 3:33'],
  },
  { what: 'the whole of IPv4', text: `${BASE}networks: { own: [0.0.0.0/0] }\n`, want: ['open-relay 3:19'] },
  {
    what: 'IPv4 in two halves',
    text: `${BASE}networks: { own: [0.0.0.0/1, 128.0.0.0/1] }\n`,
    want: ['open-relay 3:19'],
  },
  { what: 'the public part of IPv6', text: `${BASE}networks: { own: ['2000::/3'] }\n`, want: ['open-relay 3:19'] },
  { what: 'a wide network', text: `${BASE}networks: { own: [8.0.0.0/7, 10.0.0.0/8] }\n`, want: ['network-wide 3:19'] },
  {
    what: 'a route behind all',
    text: `${BASE}routes: [{ domain: '*', channel: hold }, { domain: a.example, channel: hold }]\n`,
    want: ['route-unreachable 3:52'],
  },
  {
    what: 'a route behind its parent',
    text: `${BASE}routes: [{ domain: .bücher.example, channel: hold }, { domain: A.xn--bcher-kva.example, channel: hold }]\n`,
    want: ['route-unreachable 3:64'],
  },
  {
    what: 'the parent itself',
    text: `${BASE}routes: [{ domain: .a.example, channel: hold }, { domain: a.example, channel: hold }]\n`,
    want: [],
  },
  {
    what: 'a bad domain of a route',
    text: `${BASE}routes: [{ domain: '*.example', channel: hold }]\n`,
    want: ['bad-domain 3:20'],
  },
  {
    what: 'a missing password file',
    text: `${BASE}channels: { tcp_local: { login: { user: u, passwordFile: p } } }\n`,
    want: ['file-missing 3:58'],
  },
  {
    what: 'a socket path too long',
    text: BASE.replace('org }', `org, control: ${'x'.repeat(100)} }`),
    want: ['path-too-long 1:46'],
  },
]) {
  test(`diagnoses ${what}`, async (t) => {
    const loaded = await loadText(t, text)
    assert.deepEqual(summary(loaded), want)
    assert.equal(
      loaded.revision !== undefined,
      loaded.diagnostics.every((d) => d.severity === 'warning'),
    )
  })
}

test('all errors of all files come at once, in order', async (t) => {
  const directory = await folder(t, {
    'postern.yaml': `server: { hostname: 5 }\nlistners: {}\nnetworks: { own: [0.0.0.0/0] }\nroutes: [{ domain: a, channel: x }]\n`,
    aliases: 'fine\nbad\n',
  })
  const checker: FileChecker = {
    role: 'aliases',
    code: 'alias',
    check: (text, file) => {
      assert.equal(file, 'aliases')
      return [{ line: text.split('\n').indexOf('bad') + 1, column: 1, message: 'bad' }]
    },
  }
  const loaded = await loadRevision(directory, { now: () => NOW, checkers: [checker] })
  assert.deepEqual(summary(loaded), [
    'alias 2:1',
    'missing-key 1:1',
    'wrong-type 1:21',
    'unknown-key 2:1',
    'open-relay 3:19',
    'unknown-channel 4:32',
  ])
  assert.deepEqual([...loaded.sources.keys()].sort(), ['aliases', 'postern.yaml'])
})

test('a file that is not UTF-8 is told with its line', async (t) => {
  const text = Buffer.concat([Buffer.from(BASE), Buffer.from([0x23, 0xff, 0x0a])])
  const loaded = await loadRevision(await folder(t, { 'postern.yaml': text }), { now: () => NOW })
  assert.deepEqual(summary(loaded), ['file-encoding 3:1'])
})

test('no directory at all', async () => {
  const { diagnostics } = await loadRevision('/nonexistent', { now: () => NOW })
  assert.deepEqual(
    diagnostics.map((d) => d.code),
    ['file-missing'],
  )
})

test('where a setting stands, or that it is a default', async (t) => {
  const text = `${BASE}channels:\n  tcp_internal:\n    relay: by-table # why\nroutes:\n  - { domain: a.example, channel: hold }\n`
  const { revision } = await loadText(t, text)
  assert(revision)
  const at = { file: 'postern.yaml', line: 5, column: 5, text: '    relay: by-table # why' }
  assert.deepEqual(revision.where('channels', 'tcp_intranet', 'relay'), {
    by: 'config',
    setting: 'channels.tcp_intranet.relay',
    at,
  })
  const route = revision.where('routes', 0)
  assert(route.by === 'config' && route.at.line === 7 && route.at.column === 5)
  assert.deepEqual(revision.where('channels', 'tcp_local', 'sasl'), {
    by: 'default',
    setting: 'channels.tcp_local.sasl',
    value: 'may',
  })
  const expect = (value: string, ...path: string[]): void =>
    assert.deepEqual(revision.where(...path), { by: 'default', setting: path.join('.'), value })
  expect('5d', 'queue', 'expire')
  expect('50MiB', 'limits', 'messageSize')
  expect('[]', 'networks', 'own')
  expect('not set', 'channels', 'tcp_local', 'smarthost')
  expect('::', 'listeners', 'mx', 'address')
})

test('a checked configuration is complete, absolute and frozen', async (t) => {
  const directory = await folder(t, {
    'postern.yaml': `${BASE}channels: { TCP_Internal: { smarthost: hub.example.org } }\nqueue: { retry: [1s, 2m] }\n`,
  })
  const { revision } = await loadRevision(directory, { now: () => NOW })
  assert(revision)
  const { config } = revision
  assert.deepEqual(config.queue.retryMs, [1000, 120_000])
  assert.equal(config.server.spool, join(directory, 'spool'))
  assert.equal(config.directory.aliases, join(directory, 'aliases'))
  assert.deepEqual(Object.keys(config.channels).slice(0, 3), ['tcp_local', 'tcp_intranet', 'tcp_submit'])
  const { tcp_intranet: intranet } = config.channels
  assert(intranet?.kind === 'tcp' && intranet.smarthost === 'hub.example.org' && intranet.sasl === 'may')
  assert.throws(() => Object.assign(config.limits, { recipients: 1 }), TypeError)
  assert.throws(() => Object.assign(intranet, { relay: 'by-table' }), TypeError)
})

test('the revision is named by the bytes of its files', async (t) => {
  const id = async (files: Record<string, string>): Promise<string | undefined> =>
    (await loadRevision(await folder(t, files), { now: () => NOW })).revision?.id
  const one = await id({ 'postern.yaml': BASE, aliases: 'a: b\n' })
  assert.match(one ?? '', /^[0-9a-f]{12}$/)
  assert.equal(await id({ 'postern.yaml': BASE, aliases: 'a: b\n', unrelated: 'x' }), one)
  assert.notEqual(await id({ 'postern.yaml': BASE, aliases: 'a: c\n' }), one)
  assert.notEqual(await id({ 'postern.yaml': BASE }), one)
})

test('certificates: usable, belonging together, valid, private', async (t) => {
  const make = () => selfSigned({ hostname: 'mx.example.org', addresses: [], nowMs: NOW, days: 30 })
  const [mine, other] = [await make(), await make()]
  const text = `${BASE}tls: { certificate: c.pem, key: k.pem }\n`
  const codes = async (certificate: string, key: string, nowMs: number, mode = 0o600): Promise<string[]> => {
    const directory = await folder(t, { 'postern.yaml': text, 'c.pem': certificate, 'k.pem': key })
    await chmod(join(directory, 'k.pem'), mode)
    return summary(await loadRevision(directory, { now: () => nowMs }))
  }
  const day = 86_400_000
  assert.deepEqual(await codes(mine.certificate, mine.key, NOW + day), [])
  assert.deepEqual(await codes(mine.certificate, mine.key, NOW + 20 * day), ['tls-expired 3:21'])
  assert.deepEqual(await codes(mine.certificate, mine.key, NOW + 40 * day), ['tls-expired 3:21'])
  assert.deepEqual(await codes(mine.certificate, other.key, NOW + day), ['tls-certificate 3:33'])
  assert.deepEqual(await codes('x', mine.key, NOW + day), ['tls-certificate 3:21'])
  assert.deepEqual(await codes(mine.certificate, 'x', NOW + day), ['tls-certificate 3:33'])
  assert.deepEqual(await codes(mine.certificate, mine.key, NOW + day, 0o644), ['file-mode 3:33'])
})

test('whatever the file holds, loading ends with a revision or with diagnostics inside the file', async (t) => {
  const directory = await folder(t, {})
  const piece = fc.oneof(
    fc.constantFrom(
      'server:',
      'listeners:',
      'channels:',
      ' tcp_local:',
      'routes:',
      '- ',
      '{',
      '}',
      '[',
      ']',
      ': ',
      '\n',
      '&a ',
      '*a',
      '!!x',
      '"',
      "'",
      '|',
      '>',
      '%',
      '---\n',
      '\t',
      '  ',
      'hostname: a.b',
      '<<: ',
    ),
    fc.string({ maxLength: 8 }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
      const text = pieces.join('')
      await writeFile(join(directory, 'postern.yaml'), text)
      const { revision, diagnostics } = await loadRevision(directory, { now: () => NOW })
      const lines = text.split('\n')
      for (const d of diagnostics) {
        assert(d.line >= 1 && d.line <= lines.length, `line ${d.line} of ${lines.length}`)
        assert(d.column >= 1 && d.column <= (lines[d.line - 1]?.length ?? 0) + 1, `${d.code} column ${d.column}`)
      }
      assert(revision !== undefined || diagnostics.length > 0)
    }),
    { numRuns: 300 },
  )
})

test('deep nesting is refused, not a crash', async (t) => {
  for (const text of ['['.repeat(100_000), `a: ${'{b: '.repeat(20_000)}`]) {
    const { diagnostics } = await loadText(t, text)
    assert(diagnostics.length > 0)
  }
})
