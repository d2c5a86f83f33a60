// SPDX-License-Identifier: Apache-2.0
/**
 * The header that a load balancer puts before a connection, PROXY protocol versions 1 and 2 (HAProxy,
 * proxy-protocol.txt). Reads it and nothing behind it. Whether a peer may send one is the caller's decision: a
 * stranger's header would let it claim any address.
 */
import { isIP } from 'node:net'
import { normaliseIp } from '../address/network.ts'

export interface Endpoint {
  /** Canonical; an IPv4 address mapped into IPv6 as IPv4. */
  readonly address: string
  readonly port: number
}

export type ProxyHeader =
  /** Not whole yet: more octets are needed. */
  | { readonly kind: 'incomplete' }
  | {
      readonly kind: 'whole'
      /** Octets of the header; what follows belongs to the client. */
      readonly length: number
      /** Absent where the balancer speaks for itself (LOCAL, a health check) or does not know (UNKNOWN). */
      readonly client?: Endpoint
      readonly server?: Endpoint
    }
  | { readonly kind: 'bad'; readonly why: string }

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** Version 1, section 2.1: 107 octets are the longest line, CRLF included. */
const MAX_LINE = 107
/** Version 2, section 2.2: 16 octets before the addresses. */
const FIXED = 16
/** Addresses and extensions (TLVs) that are taken; the format allows 65,535, balancers send some hundred. */
const MAX_REST = 4096

export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (bytes.length === 0) return { kind: 'incomplete' }
  if (bytes[0] === 0x50) return readLine(bytes)
  const known = Math.min(bytes.length, SIGNATURE.length)
  if (bytes.compare(SIGNATURE, 0, known, 0, known) !== 0) return bad('neither version 1 nor version 2')
  return bytes.length < FIXED ? { kind: 'incomplete' } : readBinary(bytes)
}

const bad = (why: string): ProxyHeader => ({ kind: 'bad', why })

/** Section 2.1: `PROXY TCP4 192.0.2.1 198.51.100.1 4711 25`. */
function readLine(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, MAX_LINE).indexOf('\r\n')
  if (end === -1) {
    if (bytes.length >= MAX_LINE) return bad('a line without end')
    const start = bytes.toString('latin1', 0, Math.min(6, bytes.length))
    return 'PROXY '.startsWith(start) ? { kind: 'incomplete' } : bad('no PROXY line')
  }
  const [word, family, source, destination, sourcePort, destinationPort, ...more] = bytes
    .toString('latin1', 0, end)
    .split(' ')
  if (word !== 'PROXY') return bad('no PROXY line')
  const length = end + 2
  // Section 2.1: after UNKNOWN the rest of the line means nothing.
  if (family === 'UNKNOWN') return { kind: 'whole', length }
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : undefined
  if (version === undefined) return bad('unknown family')
  const client = endpoint(source, sourcePort, version)
  const server = endpoint(destination, destinationPort, version)
  if (client === undefined || server === undefined || more.length > 0) return bad('malformed addresses')
  return { kind: 'whole', length, client, server }
}

function endpoint(address = '', port = '', version: 4 | 6): Endpoint | undefined {
  const number = /^(?:0|[1-9]\d{0,4})$/.test(port) ? Number(port) : Number.NaN
  if (isIP(address) !== version || !(number <= 65_535)) return undefined
  return { address: normaliseIp(address) ?? address, port: number }
}

/** Section 2.2. */
function readBinary(bytes: Buffer): ProxyHeader {
  const versionAndCommand = bytes.readUInt8(12)
  const familyAndTransport = bytes.readUInt8(13)
  const rest = bytes.readUInt16BE(14)
  if (versionAndCommand >> 4 !== 2) return bad('unknown version')
  const command = versionAndCommand & 0x0f
  if (command > 1) return bad('unknown command')
  if (rest > MAX_REST) return bad(`more than ${MAX_REST} octets of addresses and extensions`)
  const length = FIXED + rest
  const family = familyAndTransport >> 4
  const size = family === 1 ? 4 : family === 2 ? 16 : 0
  // AF_UNSPEC and AF_UNIX, and LOCAL whatever it carries: the connection's own addresses stand.
  const addressed = command === 1 && size > 0
  if (addressed && (familyAndTransport & 0x0f) !== 1) return bad('not a stream')
  if (addressed && rest < 2 * size + 4) return bad('too short for its family')
  if (bytes.length < length) return { kind: 'incomplete' }
  if (!addressed) return { kind: 'whole', length }
  const at = FIXED + 2 * size
  return {
    kind: 'whole',
    length,
    client: { address: addressText(bytes.subarray(FIXED, FIXED + size)), port: bytes.readUInt16BE(at) },
    server: { address: addressText(bytes.subarray(FIXED + size, at)), port: bytes.readUInt16BE(at + 2) },
  }
}

function addressText(octets: Buffer): string {
  if (octets.length === 4) return octets.join('.')
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push(octets.readUInt16BE(i).toString(16))
  const text = groups.join(':')
  return normaliseIp(text) ?? text
}
