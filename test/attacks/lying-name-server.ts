// SPDX-License-Identifier: Apache-2.0
/**
 * A name server that never tells the truth. The lie is the label before `.test`: `d7.alias-chain.test` is asked for, and
 * becomes the alias of another name, without end. Over UDP and TCP, on loopback.
 */
import { randomBytes } from 'node:crypto'
import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'
import dnsPacket, { type Packet } from 'dns-packet'
import { HOST } from './server.ts'

export const LIES = [
  'alias-chain',
  'alias-loop',
  'huge',
  'endless-tcp',
  'wrong-id',
  'silent',
  'late',
  'denied',
  'garbage',
] as const
export type NameLie = (typeof LIES)[number]

export interface LyingNames extends AsyncDisposable {
  readonly port: number
  /** Domains `dN.LIE.test` asked for, and questions about them and what they led to. */
  asked(lie: NameLie): { readonly domains: number; readonly questions: number }
}

type Send = (bytes: Uint8Array) => void

/** Beyond the server's dns.timeout. */
const LATE_MS = 4000
/** As many as fit into 64 KB. */
const RECORDS = 1400

export async function startLyingNames(): Promise<LyingNames> {
  const tally = new Map<string, { readonly domains: Set<string>; questions: number }>()
  const tcp = net.createServer((socket) => serveTcp(socket, tally))
  tcp.listen(0, HOST)
  await once(tcp, 'listening')
  const bound = tcp.address()
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  let closed = false
  const udp = dgram.createSocket('udp4')
  udp.on('message', (bytes, from) => {
    const send: Send = (reply) => {
      if (!closed) udp.send(reply, from.port, from.address, () => {})
    }
    answer(bytes, send, false, tally)
  })
  udp.bind(bound.port, HOST)
  await once(udp, 'listening')
  const open = new Set<net.Socket>()
  tcp.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  return {
    port: bound.port,
    asked(lie) {
      const found = tally.get(lie)
      return { domains: found?.domains.size ?? 0, questions: found?.questions ?? 0 }
    },
    async [Symbol.asyncDispose]() {
      closed = true
      udp.close()
      tcp.close()
      for (const socket of open) socket.destroy()
      await once(tcp, 'close')
    },
  }
}

type Tally = Map<string, { readonly domains: Set<string>; questions: number }>

function serveTcp(socket: net.Socket, tally: Tally): void {
  let got = Buffer.alloc(0)
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    got = Buffer.concat([got, chunk])
    if (got.length < 2 || got.length < got.readUInt16BE(0) + 2) return
    const send: Send = (reply) => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(reply.length)
      socket.write(Buffer.concat([length, reply]))
    }
    if (!answer(got.subarray(2), send, true, tally)) dribble(socket)
    got = Buffer.alloc(0)
  })
}

/** An answer of 64 KB, one octet at a time. */
function dribble(socket: net.Socket): void {
  socket.write(Buffer.of(0xff, 0xff))
  const timer = setInterval(() => socket.write(Buffer.of(0)), 100)
  socket.on('close', () => clearInterval(timer))
}

/** @returns `false` where the answer is never to end */
function answer(bytes: Buffer, send: Send, tcp: boolean, tally: Tally): boolean {
  const query = dnsPacket.decode(bytes)
  const name = query.questions?.[0]?.name.toLowerCase() ?? ''
  const lie = LIES.find((one) => name.endsWith(`.${one}.test`))
  const counted = tally.get(lie ?? '') ?? { domains: new Set(), questions: 0 }
  tally.set(lie ?? '', counted)
  counted.questions++
  if (/^d\d+\./.test(name)) counted.domains.add(name)

  const reply = (change: Partial<Packet>, code = 0): Buffer =>
    dnsPacket.encode({
      type: 'response',
      id: query.id ?? 0,
      flags: dnsPacket.RECURSION_AVAILABLE | code,
      questions: query.questions ?? [],
      ...change,
    })
  const cut = (): Buffer => reply({ flags: dnsPacket.TRUNCATED_RESPONSE })
  const alias = (data: string): Buffer => reply({ answers: [{ type: 'CNAME', name, ttl: 60, data }] })
  switch (lie) {
    case 'alias-chain':
      send(alias(`n${randomBytes(8).toString('hex')}.alias-chain.test`))
      return true
    case 'alias-loop':
      send(alias(name))
      return true
    case 'huge':
      send(tcp ? reply({ answers: hugeAnswers(name) }) : cut())
      return true
    case 'endless-tcp':
      if (!tcp) send(cut())
      return !tcp
    case 'wrong-id':
      for (let n = 1; n <= 50; n++) send(reply({ id: ((query.id ?? 0) + n) & 0xffff }))
      return true
    case 'late':
      setTimeout(() => send(reply({}, 3)), LATE_MS).unref()
      return true
    case 'garbage':
      send(Buffer.concat([bytes.subarray(0, 2), randomBytes(400)]))
      return true
    case 'silent':
      return true
    default:
      send(reply({}, 3))
      return true
  }
}

const hugeAnswers = (name: string): NonNullable<Packet['answers']> =>
  Array.from({ length: RECORDS }, (_, n) => ({
    type: 'MX',
    name,
    ttl: 60,
    data: { preference: n, exchange: `m${n}.denied.test` },
  }))
