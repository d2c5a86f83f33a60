// SPDX-License-Identifier: Apache-2.0
/**
 * Command lines: line scanner, command, parameters, xtext. Properties:
 * - the scanner gives the lines that splitting at CRLF gives, however the octets are cut;
 * - every line is a command or a reply of 500; every parameter list is understood or a reply of 501 or 555;
 * - each refusal is one line that fits into 512 octets;
 * - what was understood, written out again, is understood the same.
 */
import assert from 'node:assert/strict'
import { parseForwardPath, parseReversePath } from '../../../src/address/path.ts'
import { behindColon, type Command, parseCommand } from '../../../src/smtp/command.ts'
import { LineScanner } from '../../../src/smtp/line-scanner.ts'
import {
  type MailParameters,
  parseMailParameters,
  parseParameters,
  parseRcptParameters,
  type RcptParameters,
} from '../../../src/smtp/parameters.ts'
import { formatReply, type Reply } from '../../../src/smtp/reply.ts'
import { encodeUtf8Xtext, encodeXtext } from '../../../src/smtp/xtext.ts'
import { commandLines } from '../corpus.ts'
import { any, chars, LETTERS, many, maybe, NUMBERS, OBJECT_NAMES, octets, repeated, seq, utf8 } from '../grammar.ts'
import { cut } from '../seed.ts'
import type { Target } from '../target.ts'

const MAX_LINE = 512

export const VERBS = any(
  'HELO',
  'EHLO',
  'LHLO',
  'MAIL',
  'RCPT',
  'DATA',
  'BDAT',
  'RSET',
  'NOOP',
  'QUIT',
  'VRFY',
  'EXPN',
  'HELP',
  'AUTH',
  'STARTTLS',
)
const address = any(
  'a@example.org',
  '@a,@b:c@d',
  'postmaster',
  '"q\\"x"@[192.0.2.1]',
  'u@[IPv6:2001:db8::1]',
  utf8('jürgen@bücher.example'),
  '',
  seq(chars(`${LETTERS}.+"@<>\\`, 0, 80), '@', chars(`${LETTERS}-._`, 0, 70)),
)
const xtext = any(chars(`${LETTERS}+-`, 0, 110), 'a+20b', 'a+C3+BC', '+', '+zz', 'rfc822;a+40b', 'utf-8;\\x{FC}x@y')
export const PARAMETER = any(
  seq('SIZE=', NUMBERS),
  seq('BODY=', any('7BIT', '8bitmime', 'BINARYMIME', 'x')),
  'SMTPUTF8',
  'SMTPUTF8=1',
  seq('RET=', any('FULL', 'hdrs', 'x')),
  seq('ENVID=', xtext),
  seq('AUTH=', any('<>', xtext)),
  seq('NOTIFY=', many(any('NEVER', 'SUCCESS', 'FAILURE', 'DELAY', 'x'), 1, 4, ',')),
  seq('ORCPT=', any('rfc822', 'utf-8', 'x'), ';', xtext),
  seq(OBJECT_NAMES, maybe('=x')),
  chars(`${LETTERS}=+-`, 0, 20),
)
export const COMMAND = any(
  seq(VERBS, maybe(seq(' ', any(chars(LETTERS, 0, 30), NUMBERS, OBJECT_NAMES)))),
  seq('MAIL FROM:', maybe(' ', 0.2), '<', address, '>', many(PARAMETER, 0, 5, ' '), maybe(' ')),
  seq('MAIL FROM:<', address, '> ', many(PARAMETER, 1, 25, any(' ', '  ', '\t'))),
  seq('RCPT TO:<', address, '> ', many(PARAMETER, 0, 4, ' ')),
  seq('BDAT ', NUMBERS, maybe(' LAST')),
  OBJECT_NAMES,
  octets(0, 20),
  repeated('x', 600),
)

export const commands: Target = {
  name: 'commands',
  grammar: many(seq(COMMAND, any('\r\n', '\r\n', '\r\n', '\n', '\r', '')), 1, 4),
  dictionary: [
    '\r\n',
    '\n',
    '\r',
    '\0',
    ' FROM:<',
    ' TO:<',
    '>',
    '=',
    '+',
    ';',
    '\\x{',
    '}',
    '__proto__',
    'constructor',
  ],
  seeds: commandLines,
  check(input) {
    const lines = scan(input, input.length + 1)
    assert.deepEqual(lines, reference(input), 'lines at CRLF')
    for (const size of [1, 3, 17]) assert.deepEqual(scan(input, size), lines, `lines, cut in ${size}`)
    for (const line of [...input.toString('latin1').split('\r\n')]) checkLine(Buffer.from(line, 'latin1'))
  },
}

function scan(input: Buffer, size: number): readonly string[] {
  const scanner = new LineScanner(MAX_LINE)
  const lines: string[] = []
  for (const piece of cut(input, size)) {
    scanner.push(piece)
    for (let line = scanner.next(); line !== undefined; line = scanner.next())
      lines.push(line.kind === 'bad' ? `bad ${line.why}` : `line ${line.bytes.toString('latin1')}`)
    assert.ok(scanner.pendingBytes <= MAX_LINE + 2 + size, `${scanner.pendingBytes} octets pending`)
  }
  return lines
}

const reference = (input: Buffer): readonly string[] =>
  input
    .toString('latin1')
    .split('\r\n')
    .slice(0, -1)
    .map((line) => {
      if (line.length > MAX_LINE) return 'bad too-long'
      if (line.includes('\n')) return 'bad bare-lf'
      if (line.includes('\r')) return 'bad bare-cr'
      return line.includes('\0') ? 'bad nul' : `line ${line}`
    })

function checkLine(line: Buffer): void {
  const command = parseCommand(line)
  if ('problem' in command) checkRefusal(command.problem, [500])
  else checkCommand(command)
}

function checkCommand(command: Command): void {
  const { verb, argument } = command
  assert.match(verb, /^[A-Z][A-Z0-9-]{0,39}$/)
  assert.doesNotMatch(argument, /[\u0000-\u0008\u000a-\u001f\u007f]|^[ \t]|[ \t]$/)
  const again = parseCommand(Buffer.from(argument === '' ? verb : `${verb} ${argument}`))
  assert.deepEqual(again, command, 'written again')

  checkParameters(` ${argument}`)
  const from = behindColon(argument, 'FROM')
  if (from !== undefined) {
    const path = parseReversePath(from, { smtputf8: true })
    if (!('problem' in path)) checkMail(path.rest)
  }
  const to = behindColon(argument, 'TO')
  if (to !== undefined) {
    const path = parseForwardPath(to, { smtputf8: true })
    if (!('problem' in path)) for (const smtputf8 of [false, true]) checkRcpt(path.rest, smtputf8)
  }
}

function checkParameters(rest: string): void {
  const found = parseParameters(rest)
  if ('problem' in found) {
    checkRefusal(found.problem, [501, 555])
    return
  }
  assert.ok(found.size <= 20)
  const written = [...found].map(([keyword, value]) => (value === '' ? keyword : `${keyword}=${value}`)).join(' ')
  assert.deepEqual(parseParameters(` ${written}`), found, 'parameters written again')
}

function checkMail(rest: string): void {
  const parsed = parseMailParameters(rest)
  if ('problem' in parsed) {
    checkRefusal(parsed.problem, [501, 555])
    return
  }
  assert.deepEqual(parseMailParameters(` ${writeMail(parsed)}`), parsed, 'MAIL parameters written again')
}

function writeMail({ size, body, smtputf8, ret, envid, auth }: MailParameters): string {
  return [
    // 20 digits are allowed, and a number holds 15 of them.
    `SIZE=${size < 1e20 ? BigInt(size) : '9'.repeat(20)}`,
    `BODY=${body === '7bit' ? '7BIT' : '8BITMIME'}`,
    ...(smtputf8 ? ['SMTPUTF8'] : []),
    ...(ret === undefined ? [] : [`RET=${ret}`]),
    ...(envid === undefined ? [] : [`ENVID=${encodeXtext(envid)}`]),
    ...(auth === undefined ? [] : [`AUTH=${encodeXtext(auth)}`]),
  ].join(' ')
}

function checkRcpt(rest: string, smtputf8: boolean): void {
  const parsed = parseRcptParameters(rest, { smtputf8 })
  if ('problem' in parsed) {
    checkRefusal(parsed.problem, [501, 555])
    return
  }
  const written = parseRcptParameters(` ${writeRcpt(parsed)}`, { smtputf8 })
  // Written in full, an address may be longer than ORCPT allows: then it is refused, and never another.
  if ('problem' in written) assert.ok(writeRcpt(parsed).length > 500, 'RCPT parameters written again')
  else assert.deepEqual(written, parsed, 'RCPT parameters written again')
}

function writeRcpt({ notify, orcpt }: RcptParameters): string {
  const encode = orcpt?.type === 'utf-8' ? encodeUtf8Xtext : encodeXtext
  return [
    ...(notify === undefined ? [] : [`NOTIFY=${typeof notify === 'string' ? notify : notify.join(',')}`]),
    ...(orcpt === undefined ? [] : [`ORCPT=${orcpt.type};${encode(orcpt.address)}`]),
  ].join(' ')
}

function checkRefusal(reply: Reply, codes: readonly number[]): void {
  assert.ok(codes.includes(reply.code), `refused with ${reply.code}`)
  const wire = formatReply(reply)
  assert.match(wire, /^\d{3} 5\.\d\.\d [^\r\n\0]*\r\n$/)
  assert.ok(Buffer.byteLength(wire) <= 512, 'a refusal of more than 512 octets') // RFC 5321 §4.5.3.1.5
}
