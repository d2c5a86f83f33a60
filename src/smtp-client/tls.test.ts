// SPDX-License-Identifier: Apache-2.0
/** Proves: when TLS is used, what it is worth, and that neither a broken handshake nor injected octets get past it. RFC 3207. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import tls from 'node:tls'
import { configOf, delivery, deps } from '../channels/fixture.ts'
import { createTcp } from '../channels/tcp.ts'
import type { Resolver } from '../dns/resolver.ts'

const folder = await mkdtemp(join(tmpdir(), 'postern-tls-'))
after(() => rm(folder, { recursive: true, force: true }))
const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed'
const signal = AbortSignal.timeout(30_000)

interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
  readonly path: string
}

async function certificate(subjectAltName: string): Promise<Certificate> {
  const path = join(folder, `${subjectAltName.replace(/\W/g, '-')}.pem`)
  const key = `${path}.key`
  spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=test', '-addext', `subjectAltName=${subjectAltName}`, '-keyout', key, '-out', path],
  ])
  return { cert: await readFile(path), key: await readFile(key), path }
}

interface Behaviour {
  readonly offer?: boolean
  /** Sent behind the reply to STARTTLS, in the clear. */
  readonly inject?: string
  /** Hangs up instead of the handshake. */
  readonly breakHandshake?: boolean
  /** Sent in the clear when the handshake has begun. */
  readonly intrude?: string
  /** Keywords offered before TLS, and not under it. */
  readonly lies?: readonly string[]
  /** At MAIL under TLS. */
  readonly atMail?: (secure: tls.TLSSocket, socket: net.Socket) => void
}

async function startTlsServer(
  { cert, key }: Certificate,
  { offer = true, inject = '', breakHandshake, intrude, lies, atMail }: Behaviour = {},
) {
  const seen: string[] = []
  let connections = 0
  const sockets = new Set<net.Socket>()
  const converse = (socket: net.Socket, below?: net.Socket): void => {
    const secure = below !== undefined
    let text = ''
    let inData = false
    const read = (chunk: Buffer): void => {
      text += chunk.toString('latin1')
      for (let at = text.indexOf('\r\n'); at >= 0; at = text.indexOf('\r\n')) {
        const line = text.slice(0, at)
        text = text.slice(at + 2)
        if (inData && line !== '.') continue
        seen.push(`${secure ? 'tls' : 'clear'} ${line.split(' ')[0] ?? ''}`)
        inData = false
        if (line.startsWith('EHLO')) {
          const starttls = secure || !offer ? '' : '250-STARTTLS\r\n'
          const keywords = lies === undefined ? ['AUTH PLAIN'] : secure ? [] : lies
          socket.write(`250-x\r\n${starttls}${keywords.map((word) => `250-${word}\r\n`).join('')}250 HELP\r\n`)
        } else if (line === 'STARTTLS') {
          socket.off('data', read)
          socket.write(`220 go\r\n${inject}`)
          if (breakHandshake === true) socket.once('data', () => socket.end('no TLS here'))
          else if (intrude !== undefined) socket.once('data', () => socket.write(intrude))
          else {
            const maxVersion = atMail === undefined ? 'TLSv1.3' : 'TLSv1.2'
            const secureContext = tls.createSecureContext({ cert, key, maxVersion })
            const wrapped = new tls.TLSSocket(socket, { isServer: true, secureContext })
            wrapped.on('error', () => {})
            converse(wrapped, socket)
          }
          return
        } else if (line === 'DATA') {
          inData = true
          socket.write('354 go\r\n')
        } else if (line.startsWith('MAIL') && atMail !== undefined && socket instanceof tls.TLSSocket) {
          atMail(socket, below ?? socket)
        } else if (line.startsWith('AUTH')) socket.write('235 2.7.0 hello\r\n')
        else socket.write('250 2.0.0 ok\r\n')
      }
    }
    socket.on('data', read)
  }
  const server = net.createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.write('220 x\r\n')
    converse(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    seen,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Every name has the address 127.0.0.1. */
const everywhere: Resolver = {
  lookup: async (_: string, type: string) =>
    type === 'A'
      ? ({ kind: 'found', records: ['127.0.0.1'], ttlSeconds: 1, authentic: false } as never)
      : ({ kind: 'absent', why: 'nodata', ttlSeconds: 1 } as const),
}

async function send(
  server: { readonly port: number },
  settings: Readonly<Record<string, unknown>>,
  host = 'mx.test',
): Promise<{ readonly result: string; readonly tls?: string }> {
  await using channel = createTcp(
    configOf('tcp', { smarthost: `${host}:${server.port}`, ...settings }),
    deps({ resolver: everywhere }),
  )
  const [outcome] = await channel.deliver(delivery(['kim@example.org']), { signal })
  if (outcome?.kind === 'relayed')
    return { result: 'relayed', ...(outcome.tls === undefined ? {} : { tls: outcome.tls }) }
  return { result: outcome !== undefined && 'status' in outcome ? `${outcome.kind} ${outcome.status}` : '' }
}

const named = skip === false ? await certificate('DNS:mx.test') : undefined
const forAddress = skip === false ? await certificate('IP:127.0.0.1') : undefined
const forLocalhost = skip === false ? await certificate('DNS:localhost') : undefined

function need(given: Certificate | undefined): Certificate {
  if (given === undefined) throw new Error('no certificate')
  return given
}

test('opportunistic: used without asking for the certificate', { skip }, async () => {
  await using server = await startTlsServer(need(named))
  const { result, tls: used } = await send(server, { tls: 'opportunistic' })
  assert.equal(result, 'relayed')
  assert.match(used ?? '', /^TLSv1\.3 /)
  // RFC 3207 §4.2: EHLO again, under TLS.
  assert.deepEqual(server.seen.slice(0, 4), ['clear EHLO', 'clear STARTTLS', 'tls EHLO', 'tls MAIL'])
})

for (const { name, server: certificateOf, ca, host, want } of [
  { name: 'the right name', server: () => named, ca: () => named, host: 'mx.test', want: 'relayed' },
  { name: 'another name', server: () => named, ca: () => named, host: 'other.test', want: 'deferred 4.7.5' },
  {
    name: 'an authority nobody knows',
    server: () => named,
    ca: () => undefined,
    host: 'mx.test',
    want: 'deferred 4.7.5',
  },
  { name: 'the right address', server: () => forAddress, ca: () => forAddress, host: '[127.0.0.1]', want: 'relayed' },
  {
    name: 'localhost for an address',
    server: () => forLocalhost,
    ca: () => forLocalhost,
    host: '[127.0.0.1]',
    want: 'deferred 4.7.5',
  },
])
  test(`required: a certificate with ${name}`, { skip }, async () => {
    await using server = await startTlsServer(need(certificateOf()))
    const tlsCa = ca()?.path
    const { result } = await send(server, { tls: 'required', ...(tlsCa === undefined ? {} : { tlsCa }) }, host)
    assert.equal(result, want)
    if (want !== 'relayed') assert.ok(!server.seen.some((line) => line.endsWith('MAIL')))
  })

test('a handshake that breaks: once more in the clear, unless TLS is required', { skip }, async () => {
  for (const { demand, want, connections } of [
    { demand: 'opportunistic', want: 'relayed', connections: 2 },
    { demand: 'required', want: 'deferred 4.7.5', connections: 1 },
  ]) {
    await using server = await startTlsServer(need(named), { breakHandshake: true })
    assert.equal((await send(server, { tls: demand })).result, want)
    assert.equal(server.connections(), connections)
  }
})

test('octets injected behind the reply to STARTTLS end the session', { skip }, async () => {
  await using server = await startTlsServer(need(named), { inject: '250-x\r\n250 AUTH PLAIN\r\n' })
  assert.equal((await send(server, { tls: 'opportunistic' })).result, 'deferred 4.4.2')
  assert.equal(server.connections(), 1)
  assert.ok(!server.seen.some((line) => line.endsWith('MAIL')))
})

test('on a loopback address a password may go in the clear; TLS that is required is always used', {
  skip,
}, async () => {
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, 'secret\n')
  const login = { user: 'me', passwordFile }
  await using clear = await startTlsServer(need(named), { offer: false })
  assert.equal((await send(clear, { login })).result, 'relayed')
  assert.ok(clear.seen.includes('clear AUTH'))
  await using secure = await startTlsServer(need(named))
  assert.equal((await send(secure, { login, tls: 'required', tlsCa: need(named).path })).result, 'relayed')
  assert.ok(secure.seen.includes('tls AUTH') && !secure.seen.includes('clear AUTH'))
})

for (const { demand, want } of [
  { demand: 'opportunistic', want: 'relayed' },
  { demand: 'required', want: 'deferred 4.7.5' },
])
  test(`octets in the clear within the handshake are no replies: TLS ${demand}`, { skip }, async () => {
    await using server = await startTlsServer(need(named), { intrude: '250-x\r\n250 AUTH PLAIN\r\n' })
    assert.equal((await send(server, { tls: demand, tlsCa: need(named).path })).result, want)
    assert.ok(!server.seen.some((line) => line.startsWith('tls')))
  })

test('what was offered before TLS is forgotten', { skip }, async () => {
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, 'secret\n')
  const lies = ['SIZE 10', 'AUTH PLAIN LOGIN', 'PIPELINING', 'CHUNKING', 'SMTPUTF8', 'DSN']
  await using server = await startTlsServer(need(named), { lies })
  // Ten octets would be too few.
  assert.equal((await send(server, { tls: 'opportunistic' })).result, 'relayed')
  assert.ok(server.seen.includes('tls DATA'))
  const login = { user: 'me', passwordFile }
  const required = { tls: 'required', tlsCa: need(named).path, login }
  assert.equal((await send(server, required)).result, 'deferred 4.4.2')
  assert.ok(!server.seen.some((line) => line.endsWith('AUTH')))
})

for (const { name, atMail } of [
  { name: 'garbage under TLS', atMail: (_, socket) => void socket.write('250 2.1.0 ok\r\n') },
  { name: 'a reply and FIN in the clear', atMail: (_, socket) => void socket.end('250 2.1.0 ok\r\n') },
  // RFC 5246 §7.2.2: no_renegotiation, or the end; either way no mail, and no waiting.
  { name: 'renegotiation', atMail: (secure) => void secure.renegotiate({}, () => secure.destroy()) },
] satisfies readonly { name: string; atMail: Behaviour['atMail'] }[])
  test(`${name} ends the session`, { skip }, async () => {
    await using server = await startTlsServer(need(named), { atMail })
    assert.equal((await send(server, { tls: 'required', tlsCa: need(named).path })).result, 'deferred 4.4.2')
    assert.ok(!server.seen.some((line) => line.endsWith('RCPT')))
  })
