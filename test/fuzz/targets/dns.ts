// SPDX-License-Identifier: Apache-2.0
/**
 * Answers of a name server. The input is a packet; it is tried as it is, and with the id and question that were asked.
 * Properties:
 * - every packet answers the question or does not; nothing is thrown;
 * - what is found has the form of its type: names in lower case, at most 200 records, times to live that are numbers;
 * - an alias leads to another name, and absence says which name is not there.
 */
import assert from 'node:assert/strict'
import dnsPacket from 'dns-packet'
import type { DnsRecord, DnsType } from '../../../src/ask/lookup.ts'
import { interpret } from '../../../src/dns/answer.ts'
import { answerTo } from '../../../src/dns/exchange.ts'
import { any, many, octets, type Rule, seq } from '../grammar.ts'
import type { Random } from '../random.ts'
import type { Target } from '../target.ts'

const TYPES = ['A', 'AAAA', 'MX', 'TXT', 'PTR'] as const satisfies readonly DnsType[]
const NAME = 'mx.example.org'
const ID = 4711

const number =
  (width: 1 | 2 | 4, ...values: readonly number[]): Rule =>
  (random: Random) => {
    const value = values.length > 0 ? random.pick(values) : random.below(256 ** width)
    const bytes = Buffer.alloc(width)
    bytes.writeUIntBE(value, 0, width)
    return bytes.toString('latin1')
  }
const wire = (name: string): string =>
  name
    .split('.')
    .map((label) => String.fromCharCode(label.length) + label)
    .join('')
    .concat('\0')
/** Of the question, behind the header of twelve octets. */
const POINTER = '\xc0\x0c'
const name = any(
  POINTER,
  POINTER,
  wire('a.example.org'),
  wire('MX.example.ORG'),
  '\0',
  '\xc0\xff',
  '\xc0\x00',
  seq('\x03a.b', '\0'),
  octets(1, 8),
)
const TYPE_CODES = [1, 28, 15, 16, 12, 5, 6, 2, 41, 46, 65] as const
const rdata = any(
  '\x7f\0\0\x01',
  octets(16, 16),
  seq(number(2), name),
  seq('\x04text', '\xffshort'),
  name,
  seq(name, name, octets(20, 20)),
  octets(0, 30),
  '',
)
const withLength =
  (rule: Rule): Rule =>
  (random) => {
    const data = rule(random)
    const length = random.chance(0.9) ? data.length : random.below(400)
    return String.fromCharCode(length >> 8, length & 0xff) + data
  }
const record = seq(
  name,
  number(2, ...TYPE_CODES),
  number(2, 1, 1, 255),
  number(4, 0, 60, 0x7fffffff, 0xffffffff),
  withLength(rdata),
)
const header = seq(
  number(2, ID),
  any('\x81\x80', '\x81\x83', '\x81\x82', '\x84\0', '\x83\x80', '\x81\xa0', octets(2, 2)),
  number(2, 0, 1, 1, 1, 2),
  number(2, 0, 1, 2, 3, 9),
  number(2, 0, 1),
  number(2, 0, 1),
)
const question = seq(any(wire(NAME), wire('MX.Example.org'), name), number(2, ...TYPE_CODES), number(2, 1))

/** Answers as an honest server makes them. */
const honest: Rule = (random) => {
  const type = random.pick(TYPES)
  const own = { name: NAME, ttl: random.below(1000) }
  const answers: dnsPacket.Answer[] = [
    { ...own, type: 'A', data: '192.0.2.1' },
    { ...own, type: 'AAAA', data: '2001:db8::1' },
    { ...own, type: 'MX', data: { preference: 10, exchange: 'mx2.example.org' } },
    { ...own, type: 'TXT', data: ['v=spf1', ' -all'] },
    { ...own, type: 'PTR', data: 'Host.Example.org' },
    { ...own, type: 'CNAME', data: 'other.example.org' },
  ]
  return dnsPacket
    .encode({
      id: ID,
      type: 'response',
      flags: random.pick([0x180, 0x400, 0x1a0]),
      questions: [{ name: NAME, type }],
      answers: answers.filter(({ type: kind }) => kind === type || random.chance(0.2)),
    })
    .toString('latin1')
}

export const dns: Target = {
  name: 'dns',
  grammar: any(honest, seq(header, question, many(record, 0, 12)), seq(header, octets(0, 60))),
  dictionary: [POINTER, '\0', '\xff\xff', '\0\x01\0\x01', '\0\x0f', '\0\x10', '\0\x29', '\0\x05\0\x01', wire(NAME)],
  maxBytes: 1500,
  shortRuns: 700,
  check(input) {
    for (const type of TYPES) {
      checkAnswer(input, type)
      checkAnswer(asked(input, type), type)
    }
  },
}

/** The packet as an answer to our question: the server knows what we asked. */
function asked(input: Buffer, type: DnsType): Buffer {
  const packet = Buffer.concat([input, Buffer.alloc(Math.max(0, 12 - input.length))])
  packet.writeUInt16BE(ID, 0)
  packet[2] = (packet[2] ?? 0) | 0x80
  packet.writeUInt16BE(1, 4)
  const code = { A: 1, AAAA: 28, MX: 15, TXT: 16, PTR: 12 }[type]
  return Buffer.concat([
    packet.subarray(0, 12),
    Buffer.from(wire(NAME), 'latin1'),
    Buffer.of(0, code, 0, 1),
    packet.subarray(12),
  ])
}

function checkAnswer(bytes: Buffer, type: DnsType): void {
  const packet = answerTo({ id: ID, name: NAME, type }, bytes)
  if (packet === undefined) return
  const answer = interpret(packet, NAME, type)
  switch (answer.kind) {
    case 'found':
      assert.ok(answer.records.length >= 1 && answer.records.length <= 200)
      assert.ok(Number.isFinite(answer.ttlSeconds) && answer.ttlSeconds >= 0)
      for (const found of answer.records) checkRecord(found, type)
      break
    case 'alias':
      assert.notEqual(answer.name, NAME)
      assert.ok(answer.ttlSeconds >= 0 && Number.isFinite(answer.ttlSeconds))
      break
    case 'absent':
      assert.ok(Number.isFinite(answer.ttlSeconds) && answer.ttlSeconds >= 0)
      assert.equal(answer.denied, answer.denied.toLowerCase())
      break
    case 'defer':
      assert.match(answer.cause, /^[ -~]+$/)
      break
    default:
      answer satisfies never
  }
}

function checkRecord(record: DnsRecord[DnsType], type: DnsType): void {
  if (typeof record === 'object') {
    assert.equal(type, 'MX')
    assert.ok(record.preference >= 0 && record.preference <= 65_535)
    assert.equal(record.exchange, record.exchange.toLowerCase())
  } else if (type === 'A') assert.match(record, /^\d{1,3}(?:\.\d{1,3}){3}$/)
  else if (type === 'AAAA') assert.match(record, /^[0-9a-f:.]+$/)
  else if (type === 'PTR') assert.match(record, /^[a-z0-9._-]+$/)
  else assert.ok(record.length <= 8192)
}
