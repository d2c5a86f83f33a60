// SPDX-License-Identifier: Apache-2.0
/**
 * One question to one server: UDP from a fresh random port with a random id (RFC 5452), TCP when the answer was cut.
 * A packet that is not the answer to this question is passed over, however many come, until the signal ends the wait.
 */
import { randomInt } from 'node:crypto'
import dgram from 'node:dgram'
import net, { isIP } from 'node:net'
import dnsPacket, { type DecodedPacket } from 'dns-packet'
import type { DnsType } from '../ask/lookup.ts'

export interface NameServer {
  readonly address: string
  readonly port: number
}

export type Exchanged =
  | { readonly kind: 'answer'; readonly packet: DecodedPacket }
  | { readonly kind: 'failure'; readonly cause: string }

/** RFC 6891 §6.2.5, and what passes every link unfragmented. */
const UDP_PAYLOAD = 1232

/** `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353`. */
export function parseNameServer(text: string): NameServer | undefined {
  if (isIP(text) !== 0) return { address: text, port: 53 }
  const m = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  const address = m?.[1] ?? m?.[2] ?? ''
  const port = Number(m?.[3])
  return isIP(address) !== 0 && port > 0 && port < 65_536 ? { address, port } : undefined
}

export async function exchange(
  server: NameServer,
  name: string,
  type: DnsType,
  signal: AbortSignal,
): Promise<Exchanged> {
  let asked = question(name, type, true)
  let first = await overUdp(server, asked, signal)
  if (first.kind === 'answer' && ['FORMERR', 'NOTIMP'].includes(rcodeOf(first.packet) ?? '')) {
    asked = question(name, type, false) // RFC 6891 §7
    first = await overUdp(server, asked, signal)
  }
  // RFC 7766 §5: what was cut is asked for again over TCP.
  return first.kind === 'answer' && first.packet.flag_tc === true ? await overTcp(server, asked, signal) : first
}

interface Asked {
  readonly id: number
  readonly name: string
  readonly type: DnsType
  readonly bytes: Buffer
  readonly stream: Buffer
}

function question(name: string, type: DnsType, edns: boolean): Asked {
  const id = randomInt(0x10000)
  const packet = {
    type: 'query' as const,
    id,
    flags: dnsPacket.RECURSION_DESIRED | dnsPacket.AUTHENTIC_DATA,
    questions: [{ type, name, class: 'IN' as const }],
    ...(edns
      ? {
          additionals: [
            {
              type: 'OPT' as const,
              name: '.' as const,
              udpPayloadSize: UDP_PAYLOAD,
              extendedRcode: 0,
              ednsVersion: 0,
              flags: 0,
              flag_do: false,
              options: [],
            },
          ],
        }
      : {}),
  }
  return { id, name, type, bytes: dnsPacket.encode(packet), stream: dnsPacket.streamEncode(packet) }
}

/** The packet, if it answers just this question. */
export function answerTo(asked: Pick<Asked, 'id' | 'name' | 'type'>, bytes: Buffer): DecodedPacket | undefined {
  try {
    const packet = dnsPacket.decode(bytes)
    const [echoed] = packet.questions ?? []
    const right =
      packet.type === 'response' &&
      packet.id === asked.id &&
      echoed?.type === asked.type &&
      echoed.name.toLowerCase() === asked.name
    return right ? packet : undefined
  } catch {
    return undefined
  }
}

async function overUdp(server: NameServer, asked: Asked, signal: AbortSignal): Promise<Exchanged> {
  const { promise, resolve } = Promise.withResolvers<Exchanged>()
  const socket = dgram.createSocket(isIP(server.address) === 6 ? 'udp6' : 'udp4')
  const abort = (): void => resolve({ kind: 'failure', cause: 'no answer in time' })
  signal.addEventListener('abort', abort, { once: true })
  socket.on('error', (error) => resolve({ kind: 'failure', cause: error.message }))
  socket.on('message', (bytes) => {
    const packet = answerTo(asked, bytes)
    if (packet !== undefined) resolve({ kind: 'answer', packet })
  })
  // A connected socket takes packets from this server alone, and hears at once that nobody listens.
  socket.connect(server.port, server.address, (...[error]: unknown[]) => {
    if (error instanceof Error) resolve({ kind: 'failure', cause: error.message })
    else socket.send(asked.bytes)
  })
  try {
    return signal.aborted ? { kind: 'failure', cause: 'no answer in time' } : await promise
  } finally {
    signal.removeEventListener('abort', abort)
    socket.close()
  }
}

async function overTcp(server: NameServer, asked: Asked, signal: AbortSignal): Promise<Exchanged> {
  const { promise, resolve } = Promise.withResolvers<Exchanged>()
  const socket = net.connect({ host: server.address, port: server.port })
  const abort = (): void => resolve({ kind: 'failure', cause: 'no answer in time over TCP' })
  signal.addEventListener('abort', abort, { once: true })
  // The length in front has two octets: at most 64 KiB come together here.
  const got = Buffer.alloc(2 + 0xffff)
  let filled = 0
  socket.on('error', (error) => resolve({ kind: 'failure', cause: error.message }))
  socket.on('close', () => resolve({ kind: 'failure', cause: 'connection closed' }))
  socket.on('data', (chunk: Buffer) => {
    filled += chunk.copy(got, filled)
    const end = filled < 2 ? undefined : 2 + got.readUInt16BE(0)
    if (end === undefined || filled < end) return
    const packet = answerTo(asked, got.subarray(2, end))
    resolve(packet === undefined ? { kind: 'failure', cause: 'not an answer' } : { kind: 'answer', packet })
  })
  socket.write(asked.stream)
  try {
    return signal.aborted ? { kind: 'failure', cause: 'no answer in time over TCP' } : await promise
  } finally {
    signal.removeEventListener('abort', abort)
    socket.destroy()
  }
}

const rcodeOf = (packet: DecodedPacket): string | undefined =>
  'rcode' in packet && typeof packet.rcode === 'string' ? packet.rcode : undefined
