// SPDX-License-Identifier: Apache-2.0
/**
 * Replies of another server. Properties:
 * - the same replies and problems, however the octets are cut; after a problem nothing but that problem;
 * - codes from 200 to 599, at most 100 lines, no control character, bounded octets kept;
 * - a reply written by us is read back the same, alone and behind others.
 */
import assert from 'node:assert/strict'
import { parseExtensions } from '../../../src/smtp/extensions.ts'
import { formatReply } from '../../../src/smtp/reply.ts'
import { type ParsedReply, ReplyParser, type ReplyProblem } from '../../../src/smtp/reply-parser.ts'
import { any, chars, DIGITS, LETTERS, many, maybe, NUMBERS, octets, repeated, seq, utf8 } from '../grammar.ts'
import { cut } from '../seed.ts'
import type { Target } from '../target.ts'
import { NEWLINE } from './headers.ts'

const code = any('220', '250', '250', '250', '354', '421', '450', '550', '199', '600', chars(DIGITS, 2, 4))
const enhanced = seq(any('2', '4', '5', '3'), '.', chars(DIGITS, 1, 4), '.', chars(DIGITS, 0, 4), any(' ', ''))
const words = any(
  chars(`${LETTERS} `, 0, 40),
  utf8('grüße'),
  octets(0, 10),
  repeated('z', 2100),
  seq('SIZE ', NUMBERS),
  'AUTH PLAIN LOGIN',
  'AUTH=LOGIN',
  'STARTTLS',
)
const line = seq(code, any(' ', '-', '-', ''), maybe(enhanced), words, NEWLINE)
const multi = seq(many(seq('250-', words, '\r\n'), 0, 110), '250 ', words, '\r\n')

export const replies: Target = {
  name: 'replies',
  grammar: many(any(line, line, line, multi, octets(0, 10)), 1, 6),
  dictionary: ['\r\n', '\n', '\r', '250-', '250 ', '5.7.1 ', ' ', '-', '\0', '\x1b[1m', '\xff'],
  seeds: [
    Buffer.from('220 mx.example ESMTP\r\n250-mx\r\n250-SIZE 100\r\n250 AUTH PLAIN\r\n'),
    Buffer.from('550 5.7.1 no\r\n'),
  ],
  maxBytes: 8192,
  shortRuns: 400,
  check(input) {
    const whole = read(input, input.length + 1)
    for (const size of [1, 3, 17]) assert.deepEqual(read(input, size), whole, `cut in ${size}`)
    const problem = whole.findIndex((one) => 'problem' in one)
    assert.ok(problem < 0 || problem === whole.length - 1, 'something came after a problem')
    for (const reply of whole) if (!('problem' in reply)) checkReply(reply)
  },
}

function read(input: Buffer, size: number): readonly (ParsedReply | ReplyProblem)[] {
  const parser = new ReplyParser()
  const found: (ParsedReply | ReplyProblem)[] = []
  for (const piece of cut(input, size)) {
    parser.push(piece)
    for (let reply = parser.next(); reply !== undefined; reply = parser.next()) {
      found.push(reply)
      if (!('problem' in reply)) continue
      assert.deepEqual(parser.next(), reply)
      return found
    }
    assert.ok(parser.bytesPending <= 2048 + 100, `${parser.bytesPending} octets kept`)
  }
  return found
}

function checkReply(reply: ParsedReply): void {
  assert.ok(reply.code >= 200 && reply.code <= 599 && reply.lines.length >= 1 && reply.lines.length <= 100)
  for (const line of reply.lines) assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f]/)
  parseExtensions(reply.lines.slice(1))
  const { enhanced } = reply
  // Ours puts the enhanced code before every line, and cuts lines; so only short ones come back the same.
  if (reply.lines.some((line) => line.length > 500 || /^[245]\.\d/.test(line))) return
  const written = formatReply({ code: reply.code, lines: reply.lines, ...(enhanced === undefined ? {} : { enhanced }) })
  assert.deepEqual(
    read(Buffer.from(`250 ok\r\n${written}`), 5),
    [{ code: 250, lines: ['ok'] }, reply],
    'a reply read again',
  )
}
