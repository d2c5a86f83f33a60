// SPDX-License-Identifier: Apache-2.0
/** Proves: what `dnsbl check` and `dnsbl health` say with a server and without one, and how they end. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Handlers } from '../control/protocol.ts'
import { startControl } from '../control/server.ts'
import { type Lie, startDnsServer, type ZoneData } from '../demo/dns-server.ts'
import { silentLog } from '../monitor/log.ts'
import { postern } from './fixture.ts'

const ZONE: ZoneData = {
  '2.0.0.127.well.test': { A: ['127.0.0.2'] },
  '7.100.51.198.well.test': { A: ['127.0.0.2'], TXT: ['bad \x1b[2J\r\nhost'] },
  '2.0.0.127.wild.test': { A: ['127.0.0.2'] },
  '1.0.0.127.wild.test': { A: ['127.0.0.2'] },
  '8.100.51.198.verify.test': { A: ['127.0.0.2'] },
}

async function site(t: TestContext, lists = '[{ zone: well.test }, { zone: wild.test, channels: [tcp_intranet] }]') {
  const lie = (name: string): Lie | undefined => (name.includes('9.100.51.198') ? 'servfail' : undefined)
  const dns = await startDnsServer({ address: '127.0.0.1', port: 0, zone: ZONE, lie })
  t.after(() => dns[Symbol.asyncDispose]())
  const directory = await mkdtemp(join(tmpdir(), 'postern-dnsbl-'))
  t.after(() => rm(directory, { recursive: true }))
  await writeFile(
    join(directory, 'postern.yaml'),
    `server: { hostname: mx.example.org }
listeners: { mx: { service: smtp, port: 0 } }
dns: { servers: ['127.0.0.1:${dns.port}'] }
dnsLists:
  timeout: 30s
  lists: ${lists}
  services: { mx: { verifyDomains: [verify.test] } }
`,
  )
  return {
    directory,
    dns,
    run: (...args: string[]) => postern(['dnsbl', ...args, '--config', directory]),
  }
}

test('check: what each list says and by which line, and whether such a client is let in', async (t) => {
  const { run } = await site(t)
  const listed = await run('check', '198.51.100.7')
  assert.equal(listed.code, 1, listed.err)
  assert.equal(
    listed.out,
    `verify.test: not listed  (postern.yaml:7)
well.test: 127.0.0.2, weight 1 “bad ?[2J??host”  (postern.yaml:6)
wild.test: not listed  (postern.yaml:6)
198.51.100.7: refused
`,
  )
  assert.match(listed.err, /no server runs/)
  assert.equal((await run('check', '198.51.100.99')).code, 0)
  assert.equal((await run('check', '198.51.100.8')).code, 1)
  assert.equal((await run('check', '198.51.100.9')).code, 0)
  assert.equal((await run('check', '198.51.100.7', '--channel', 'tcp_intranet')).code, 0)
  assert.equal((await run('check', '198.51.100')).code, 2)
  const json = JSON.parse((await run('check', '::ffff:198.51.100.7', '--json')).out)
  assert.deepEqual(json, {
    address: '198.51.100.7',
    verdict: 'listed',
    score: 1,
    threshold: 1,
    lists: [
      { zone: 'verify.test', kind: 'verify', said: 'not listed', codes: [], by: 'postern.yaml:7' },
      {
        zone: 'well.test',
        kind: 'block',
        said: 'listed',
        code: '127.0.0.2',
        weight: 1,
        text: 'bad ?[2J??host',
        by: 'postern.yaml:6',
      },
      { zone: 'wild.test', kind: 'block', said: 'not listed', codes: [], by: 'postern.yaml:6' },
    ],
  })
})

test('health without a server: the canaries', async (t) => {
  const { run } = await site(t)
  const { code, out } = await run('health')
  assert.equal(code, 1)
  assert.match(out, /^well\.test +yes +its canaries are right$/m)
  assert.match(out, /^wild\.test +NO +it lists 127\.0\.0\.1 \(127\.0\.0\.2\)$/m)
  assert.match(out, /^verify\.test +NO +it does not list 127\.0\.0\.2$/m)
})

test('with a server: its own view; a list that is out with it is not asked', async (t) => {
  const { run, directory, dns } = await site(t, '[{ zone: well.test, failure: defer }]')
  const none = () => Promise.reject(new Error('not asked here'))
  const handlers = new Proxy({} as Handlers, {
    get: (_, method) =>
      method === 'status'
        ? async () => ({
            machine: [
              { name: 'DNS list well.test', ok: false, detail: 'out: it lists everybody' },
              { name: 'DNS list verify.test', ok: true, detail: 'used; 3 of 9 clients listed' },
              { name: 'free space', ok: true, detail: 'much' },
            ],
          })
        : none,
  })
  const path = join(directory, 'control.sock')
  const server = await startControl({ path, handlers, log: silentLog, signal: new AbortController().signal })
  t.after(() => server[Symbol.asyncDispose]())
  const health = await run('health', '--json')
  assert.equal(health.code, 1)
  assert.deepEqual(JSON.parse(health.out), [
    { zone: 'well.test', ok: false, detail: 'out: it lists everybody' },
    { zone: 'verify.test', ok: true, detail: 'used; 3 of 9 clients listed' },
  ])
  const check = await run('check', '198.51.100.7')
  assert.equal(check.code, 1)
  assert.match(check.out, /^well\.test: failed, out of use: out: it lists everybody/m)
  assert.match(check.out, /^198\.51\.100\.7: put off, /m)
  assert.deepEqual(dns.questions, ['A 7.100.51.198.verify.test'])
})

test('without lists', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-dnsbl-'))
  t.after(() => rm(directory, { recursive: true }))
  await writeFile(
    join(directory, 'postern.yaml'),
    'server: { hostname: mx.example.org }\nlisteners: { mx: { service: smtp, port: 0 } }\n',
  )
  assert.equal((await postern(['dnsbl', 'check', '192.0.2.1', '--config', directory])).code, 1)
  assert.deepEqual(await postern(['dnsbl', 'health', '--config', directory]), { code: 0, out: 'no lists\n', err: '' })
})
