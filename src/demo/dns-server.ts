// SPDX-License-Identifier: Apache-2.0
/**
 * A name server for the demo and the tests: a zone as data, over UDP and TCP, and every lie a resolver must survive.
 */
import dgram from 'node:dgram'
import { once } from 'node:events'
import net, { isIPv6 } from 'node:net'
import dnsPacket, { type Answer, type Packet } from 'dns-packet'

export interface ZoneEntry {
  readonly A?: readonly string[]
  readonly AAAA?: readonly string[]
  readonly MX?: readonly { readonly preference: number; readonly exchange: string }[]
  readonly TXT?: readonly string[]
  readonly PTR?: readonly string[]
  readonly CNAME?: readonly string[]
  readonly ttl?: number
}
/** Names in lower case, without the dot at the end. */
export type ZoneData = Readonly<Record<string, ZoneEntry>>

export type Lie =
  | 'drop'
  | 'truncate'
  | 'servfail'
  | 'refused'
  | 'formerr-on-edns'
  | 'wrong-id-first'
  | 'wrong-question-first'
  | 'garbage-first'
  | 'no-soa'
  /** Authority names other servers: this one does not ask others. */
  | 'referral'
  /** RFC 6891 §6.1.3 BADVERS: NOERROR to whoever overlooks EDNS. */
  | 'bad-version'
  /** The alias without what it stands for. */
  | 'alias-alone'
  /** More aliases than anybody follows. */
  | 'endless-alias'
  /** The answer for another name, as a forger would send it. */
  | 'forged'

export interface DnsServer extends AsyncDisposable {
  readonly port: number
  /** `A example.org` for every question that came. */
  readonly questions: readonly string[]
}

export async function startDnsServer(options: {
  readonly address: string
  readonly port: number
  readonly zone: ZoneData
  /** What to do to a question instead of answering it right; `tcp` says how it came. */
  readonly lie?: (name: string, type: string, tcp: boolean) => Lie | undefined
}): Promise<DnsServer> {
  const questions: string[] = []
  const answer = (bytes: Buffer, tcp: boolean): readonly Buffer[] => {
    const query = dnsPacket.decode(bytes)
    const [question] = query.questions ?? []
    if (question === undefined) return []
    const name = question.name.toLowerCase()
    questions.push(`${question.type} ${name}`)
    const lie = options.lie?.(name, question.type, tcp)
    const edns = (query.additionals ?? []).some((record) => record.type === 'OPT')
    return replies(query, respond(options.zone, query, name, question.type, lie, edns), lie, tcp)
  }

  const tcp = net.createServer((socket) => {
    let got = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.setTimeout(10_000, () => socket.destroy())
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk])
      if (got.length < 2 || got.length < got.readUInt16BE(0) + 2) return
      try {
        for (const reply of answer(got.subarray(2, 2 + got.readUInt16BE(0)), true)) {
          const length = Buffer.alloc(2)
          length.writeUInt16BE(reply.length)
          socket.write(Buffer.concat([length, reply]))
        }
        got = Buffer.alloc(0)
      } catch {
        socket.destroy()
      }
    })
  })
  const open = new Set<net.Socket>()
  tcp.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  const udp = dgram.createSocket(isIPv6(options.address) ? 'udp6' : 'udp4')
  udp.on('message', (bytes, from) => {
    try {
      for (const reply of answer(bytes, false)) udp.send(reply, from.port, from.address)
    } catch {
      // Not a question: nobody is waiting for an answer.
    }
  })
  tcp.listen(options.port, options.address)
  await once(tcp, 'listening')
  const bound = tcp.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : options.port
  udp.bind(port, options.address)
  await once(udp, 'listening')
  return {
    port,
    questions,
    async [Symbol.asyncDispose]() {
      udp.close()
      tcp.close()
      for (const socket of open) socket.destroy()
      await once(tcp, 'close')
    },
  }
}

function respond(
  zone: ZoneData,
  query: Packet,
  name: string,
  type: string,
  lie: Lie | undefined,
  edns: boolean,
): Packet {
  const answers: Answer[] = []
  let owner = name
  for (let links = 0; links < 5; links++) {
    const [alias] = entryOf(zone, owner)?.CNAME ?? []
    if (alias === undefined) break
    answers.push({ type: 'CNAME', name: owner, ttl: 60, data: alias })
    owner = alias.toLowerCase()
    if (lie === 'alias-alone') break
  }
  if (lie === 'endless-alias')
    for (let i = 0; i < 20; i++)
      answers.push({ type: 'CNAME', name: i === 0 ? name : `n${i}.test`, data: `n${i + 1}.test` })
  else if (lie === 'forged') answers.push({ type: 'A', name: 'other.test', ttl: 60, data: '127.0.0.66' })
  else if (lie !== 'alias-alone' && lie !== 'referral') answers.push(...recordsOf(entryOf(zone, owner), owner, type))
  const exists = Object.keys(zone).some((known) => known === owner || known.endsWith(`.${owner}`))
  const code = lie === 'servfail' ? 2 : lie === 'refused' ? 5 : lie === 'formerr-on-edns' && edns ? 1 : exists ? 0 : 3
  const negative = !answers.some((record) => record.type === type) && lie !== 'no-soa' && lie !== 'alias-alone'
  const badVersion = lie === 'bad-version'
  return {
    type: 'response',
    id: query.id ?? 0,
    flags: dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE | (badVersion ? 0 : code),
    questions: query.questions ?? [],
    answers: !badVersion && (code === 0 || code === 3) ? answers : [],
    authorities: badVersion ? [] : lie === 'referral' ? [REFERRAL] : negative ? [SOA] : [],
    additionals: badVersion ? [BAD_VERSION] : [],
  }
}

const REFERRAL: Answer = { type: 'NS', name: 'test', ttl: 60, data: 'ns.test' }
const SOA: Answer = {
  type: 'SOA',
  name: 'test',
  ttl: 60,
  data: { mname: 'ns.test', rname: 'root.test', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 60 },
}
const BAD_VERSION: Answer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: 1232,
  extendedRcode: 1,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
}

const entryOf = (zone: ZoneData, name: string): ZoneEntry | undefined =>
  Object.hasOwn(zone, name) ? zone[name] : undefined

function recordsOf(entry: ZoneEntry | undefined, name: string, type: string): Answer[] {
  if (entry === undefined) return []
  const ttl = entry.ttl ?? 60
  switch (type) {
    case 'A':
    case 'AAAA':
    case 'PTR':
      return (entry[type] ?? []).map((data) => ({ type, name, ttl, data }))
    case 'TXT':
      return (entry.TXT ?? []).map((text) => ({ type, name, ttl, data: text.match(/.{1,255}/gs) ?? [''] }))
    case 'MX':
      return (entry.MX ?? []).map(({ preference, exchange }) => ({
        type,
        name,
        ttl,
        data: { preference, exchange: exchange === '' ? '.' : exchange },
      }))
    default:
      return []
  }
}

function replies(query: Packet, response: Packet, lie: Lie | undefined, tcp: boolean): readonly Buffer[] {
  const right = dnsPacket.encode(response)
  switch (lie) {
    case 'drop':
      return []
    case 'truncate':
      return [
        tcp
          ? right
          : dnsPacket.encode({ ...response, flags: (response.flags ?? 0) | dnsPacket.TRUNCATED_RESPONSE, answers: [] }),
      ]
    case 'wrong-id-first':
      return [dnsPacket.encode({ ...response, id: ((query.id ?? 0) + 1) & 0xffff, answers: [] }), right]
    case 'wrong-question-first':
      return [dnsPacket.encode({ ...response, questions: [{ type: 'A', name: 'other.test' }], answers: [] }), right]
    case 'garbage-first':
      return [Buffer.from('not a packet at all'), right]
    default:
      return [right]
  }
}
