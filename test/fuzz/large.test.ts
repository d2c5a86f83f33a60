// SPDX-License-Identifier: Apache-2.0
/**
 * Inputs of a size that nobody sends in good faith. Proves: twice the input costs twice the steps (steps.ts), and what is
 * kept of it has a bound; names that objects have by themselves are names like others.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseForwardPath } from '../../src/address/path.ts'
import { parseAliasFile } from '../../src/directory/alias-file.ts'
import { parseDeliveryStatus, parseReport } from '../../src/dsn/parse.ts'
import { ContentScanner } from '../../src/mime/content-scanner.ts'
import { parseContentType } from '../../src/mime/content-type.ts'
import { decodeWords } from '../../src/mime/encoded-word.ts'
import { fieldsOf, readHeader, splitHeader } from '../../src/mime/header-text.ts'
import { LineScanner } from '../../src/smtp/line-scanner.ts'
import { parseMailParameters, parseParameters } from '../../src/smtp/parameters.ts'
import { ReplyParser } from '../../src/smtp/reply-parser.ts'
import { cut } from './seed.ts'
import { assertStepsDouble } from './steps.ts'

const PIECE = 64 * 1024

function scan(octets: Buffer) {
  const scanner = new ContentScanner()
  for (const piece of cut(octets, PIECE)) scanner.push(piece)
  return scanner.finish()
}

async function* pieces(octets: Buffer): AsyncGenerator<Uint8Array> {
  yield* cut(octets, PIECE)
}

const drain = (fields: Iterable<unknown>): void => {
  for (const _ of fields);
}

test('half a million addresses in one field', async () => {
  const field = (count: number, fold: string) =>
    Buffer.from(`To: ${Array.from({ length: count }, (_, i) => `u${i}@example.org`).join(`,${fold}`)}\r\n\r\nx\r\n`)
  for (const [what, fold, most] of [
    ['addresses, folded', '\r\n ', 500_000],
    ['addresses on one line', ' ', 200_000],
  ] as const) {
    await assertStepsDouble(
      `${what}, scanner`,
      (count) => {
        const octets = field(count, fold)
        return () => scan(octets)
      },
      most,
    )
    await assertStepsDouble(
      `${what}, header readers`,
      (count) => {
        const octets = field(count, fold)
        return async () => {
          await readHeader(pieces(octets), octets.length)
          drain(fieldsOf(splitHeader(octets).header))
        }
      },
      200_000,
    )
  }
})

test('MIME parts within parts, ten thousand deep', async () => {
  const message = (depth: number): Buffer => {
    const open = Array.from(
      { length: depth },
      (_, i) => `Content-Type: multipart/report; boundary=b${i}\r\n\r\n--b${i}\r\n`,
    )
    const close = Array.from({ length: depth }, (_, i) => `\r\n--b${depth - 1 - i}--\r\n`)
    return Buffer.from([...open, 'Content-Type: message/delivery-status\r\n\r\na: b\r\n', ...close].join(''))
  }
  await assertStepsDouble(
    'nested parts',
    (depth) => {
      const octets = message(depth)
      return () => {
        scan(octets)
        parseReport(octets)
      }
    },
    10_000,
  )
  // The same boundary again and again: each delimiter could begin a part.
  await assertStepsDouble(
    'nested parts of one boundary',
    (depth) => {
      const octets = Buffer.from('Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n'.repeat(depth))
      return () => parseReport(octets)
    },
    10_000,
  )
})

test('a header without end is read no further than it may be', async () => {
  const line = Buffer.from(`X-Field: ${'v'.repeat(900)}\r\n`)
  const limit = 1024 * 1024
  let given = 0
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) {
      given += line.length
      yield line
    }
  }
  const header = await readHeader(endless(), limit)
  assert.ok(header.length <= limit && given <= limit + 2 * line.length, `${given} octets were read`)

  const scanner = new ContentScanner()
  let pushed = 0
  while (!scanner.headerTooBig(limit)) {
    scanner.push(line)
    pushed += line.length
  }
  assert.ok(pushed <= limit + line.length)

  for (const [what, piece] of [
    ['fields', 'X: y\r\n'],
    ['field names', 'X'],
    ['folds', ' z\r\n'],
    ['a line without end', 'x'],
  ] as const)
    await assertStepsDouble(
      `endless ${what}`,
      (count) => {
        const octets = Buffer.from(
          `A: b\r\n${piece === 'X' ? Array.from({ length: count }, (_, i) => `N${i}:\r\n`).join('') : piece.repeat(count)}`,
        )
        return () => {
          const { fieldNames } = scan(octets)
          assert.ok(fieldNames.size <= 1000)
          drain(fieldsOf(octets))
        }
      },
      50_000,
    )
})

test('a million parameters', async () => {
  for (const [what, read] of [
    ['of MAIL FROM', (text: string) => parseMailParameters(text)],
    ['of any command', (text: string) => parseParameters(text)],
  ] as const)
    await assertStepsDouble(
      `parameters ${what}`,
      (count) => {
        const text = Array.from({ length: count }, (_, i) => ` P${i}=v`).join('')
        return () => assert.ok('problem' in Object(read(text)))
      },
      1_000_000,
    )
  await assertStepsDouble(
    'parameters of a Content-Type',
    (count) => {
      const text = `text/plain${Array.from({ length: count }, (_, i) => `; p${i}="v"`).join('')}`
      return () => assert.ok(parseContentType(text).parameters.size <= 32)
    },
    1_000_000,
  )
})

test('lines, replies, statuses, aliases, words and paths without measure', async () => {
  const cases: readonly (readonly [string, number, (count: number) => () => unknown])[] = [
    [
      'a command line octet by octet',
      100_000,
      (count) => {
        const octets = Buffer.from(`${'x'.repeat(count)}\r\n`)
        return () => {
          const scanner = new LineScanner(12_288)
          for (const piece of cut(octets, 1)) {
            scanner.push(piece)
            scanner.next()
          }
        }
      },
    ],
    [
      'reply lines octet by octet',
      100_000,
      (count) => {
        const octets = Buffer.from('250 ok\r\n'.repeat(count / 8))
        return () => {
          const parser = new ReplyParser()
          for (const piece of cut(octets, 1)) {
            parser.push(piece)
            parser.next()
          }
        }
      },
    ],
    [
      'recipients of a notice',
      20_000,
      (count) => {
        const text = `a: b\r\n\r\n${'Final-Recipient: rfc822; a@b\r\nAction: failed\r\n\r\n'.repeat(count / 20)}`
        return () => assert.ok(parseDeliveryStatus(text).perRecipient.length <= 1000)
      },
    ],
    [
      'folds of a notice',
      20_000,
      (count) => {
        const text = `Diagnostic-Code: x\r\n${' more\r\n'.repeat(count)}`
        return () => parseDeliveryStatus(text)
      },
    ],
    [
      'members of an alias',
      20_000,
      (count) => {
        const text = `list: ${'a@example.org,\n '.repeat(count)}b`
        return () => parseAliasFile(text, 'aliases')
      },
    ],
    [
      'bad members of an alias',
      20_000,
      (count) => {
        const text = `list: ${'"x y,\n '.repeat(count)}b`
        return () => parseAliasFile(text, 'aliases')
      },
    ],
    [
      'encoded words',
      20_000,
      (count) => {
        const text = '=?utf-8?q?a?= '.repeat(count)
        return () => decodeWords(text)
      },
    ],
    [
      'beginnings of encoded words',
      40_000,
      (count) => {
        const text = '=?utf-8?q'.repeat(count)
        return () => decodeWords(text)
      },
    ],
    [
      'a source route',
      40_000,
      (count) => {
        const text = `<${'@a,'.repeat(count)}@b:c@d>`
        return () => parseForwardPath(text, { smtputf8: true })
      },
    ],
  ]
  for (const [what, count, prepare] of cases) await assertStepsDouble(what, prepare, count)
})

test('names that every object has are names like others', () => {
  const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']
  const header = Buffer.from(NAMES.map((name) => `${name}: of ${name}\r\n`).join(''))
  assert.deepEqual(
    [...fieldsOf(header)].map(({ name, value }) => [name, value]),
    NAMES.map((name) => [name, `of ${name}`]),
  )
  assert.deepEqual(
    [...scan(header).fieldNames],
    NAMES.map((name) => name.toLowerCase()),
  )
  const { parameters } = parseContentType(`text/plain${NAMES.map((name) => `; ${name}=${name}`).join('')}`)
  assert.deepEqual(
    [...parameters],
    NAMES.map((name) => [name.toLowerCase(), name]),
  )
  assert.equal(parseContentType('text/plain').parameters.get('constructor'), undefined)
  const status = parseDeliveryStatus(NAMES.map((name) => `${name}: x\r\n`).join(''))
  assert.deepEqual(
    [...status.perMessage.fields.keys()],
    NAMES.map((name) => name.toLowerCase()),
  )
  for (const name of NAMES) {
    const parsed = parseMailParameters(` ${name}=x`)
    assert.ok('problem' in parsed && [501, 555].includes(parsed.problem.code), name)
  }
  const { entries } = parseAliasFile(NAMES.map((name) => `${name}: ${name}\n`).join(''), 'aliases')
  assert.deepEqual(
    entries.map(({ name, members }) => [name, members]),
    NAMES.map((name) => [name, [{ name }]]),
  )
})
