// SPDX-License-Identifier: Apache-2.0
/** Proves: replies are read from any octets in bounded memory, written on lines of their own, and EHLO is understood. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assertLinear } from '../../test/fuzz/linear.ts'
import { announceSeed, cut } from '../../test/fuzz/seed.ts'
import { parseExtensions } from './extensions.ts'
import { formatReply, reply } from './reply.ts'
import { ReplyParser } from './reply-parser.ts'

const seed = announceSeed('reply parser')

for (const { wire, want } of [
  { wire: '250 2.1.0 ok\r\n', want: { code: 250, enhanced: '1.0', lines: ['ok'] } },
  { wire: '250-a\r\n250-SIZE 10\r\n250 b\r\n', want: { code: 250, lines: ['a', 'SIZE 10', 'b'] } },
  { wire: '550 4.1.1 odd\r\n', want: { code: 550, lines: ['4.1.1 odd'] } },
  { wire: '354\r\n', want: { code: 354, lines: [''] } },
  { wire: '250 ok\n', want: { code: 250, lines: ['ok'] } },
  { wire: '250-a\r\n251 b\r\n', want: 'code changed' },
  { wire: '550-5.7.1 a\r\n550 5.7.1 b\r\n', want: { code: 550, enhanced: '7.1', lines: ['a', 'b'] } },
  { wire: '550 5.7.1\r\n', want: { code: 550, enhanced: '7.1', lines: [''] } },
  { wire: '550 5.7.1x\r\n', want: { code: 550, lines: ['5.7.1x'] } },
  { wire: '250 a\0\u001b[1m\r\n', want: { code: 250, lines: ['a??[1m'] } },
  { wire: `250 ${'x'.repeat(5000)}\r\n`, want: { code: 250, lines: ['x'.repeat(2044)] } },
  { wire: '250 a\u202eb\u2028c\r\n', want: { code: 250, lines: ['a?b?c'] } },
  { wire: '250-ok\r\n250\tok\r\n', want: 'not a reply' },
  { wire: '250-ok\r\n250_ok\r\n', want: 'not a reply' },
  { wire: '250-ok\r\n2500 ok\r\n', want: 'not a reply' },
  { wire: `250 ${'x'.repeat(70_000)}\r\n`, want: 'without end' },
  { wire: '\r\n', want: 'not a reply' },
  { wire: '250x\r\n', want: 'not a reply' },
  { wire: '25\r\n', want: 'not a reply' },
  { wire: 'hello\r\n', want: 'not a reply' },
  { wire: '999 x\r\n', want: 'not a reply' },
  { wire: '250-x\r\n'.repeat(200), want: 'too many' },
])
  for (const size of [1, 17, 10_000])
    test(`reply ${JSON.stringify(wire.slice(0, 30))}, cut in ${size}`, () => {
      const parser = new ReplyParser()
      let got: ReturnType<ReplyParser['next']>
      for (const piece of cut(Buffer.from(wire), size)) {
        parser.push(piece)
        got ??= parser.next()
      }
      if (typeof want === 'string') assert.ok(got !== undefined && 'problem' in got && got.problem.includes(want))
      else assert.deepEqual(got, want)
    })

test('replies come one by one, and octets ahead of a command are seen', () => {
  const parser = new ReplyParser()
  parser.push(Buffer.from('250 a\r\n250-b\r\n250 c\r\n35'))
  assert.deepEqual(parser.next(), { code: 250, lines: ['a'] })
  assert.ok(parser.bytesPending > 0)
  assert.deepEqual(parser.next(), { code: 250, lines: ['b', 'c'] })
  assert.equal(parser.next(), undefined)
  assert.equal(parser.bytesPending, 2)
  parser.push(Buffer.from('4 go\r\n'))
  assert.deepEqual(parser.next(), { code: 354, lines: ['go'] })
  assert.equal(parser.bytesPending, 0)
})

test('whoever brings octets may use their place again', () => {
  const place = Buffer.alloc(16)
  const parser = new ReplyParser()
  for (const piece of ['250-one', '\r\n250', ' two\r\n354 g', 'o\r\n']) {
    place.fill('x').write(piece)
    parser.push(place.subarray(0, piece.length))
  }
  assert.deepEqual(parser.next(), { code: 250, lines: ['one', 'two'] })
  place.fill('y')
  assert.deepEqual(parser.next(), { code: 354, lines: ['go'] })
})

test('a server that floods is a problem, not a memory leak', () => {
  const endless = new ReplyParser()
  for (let i = 0; i < 1000; i++) {
    endless.push(Buffer.alloc(10_000, 'x'))
    const got = endless.next()
    assert.equal(got === undefined, i < 6)
    assert.ok(endless.bytesPending <= 2048)
  }
  assert.deepEqual(endless.next(), { problem: 'a line without end' })
  const unread = new ReplyParser()
  for (let i = 0; i < 1000; i++) unread.push(Buffer.from('250 ok\r\n'.repeat(1000)))
  assert.equal(unread.bytesPending, 0)
  assert.ok('problem' in (unread.next() ?? {}))
})

test('many short replies cost linear time', () => {
  assertLinear((count) => {
    const parser = new ReplyParser()
    parser.push(Buffer.from('250 \r\n'.repeat(count)))
    return () => {
      while (parser.next() !== undefined);
    }
  }, 15_000)
})

test('replies never break a line', () => {
  assert.equal(formatReply(reply(550, '7.1', 'a\r\n250 b')), '550 5.7.1 a??250 b\r\n')
  assert.equal(formatReply({ code: 250, lines: ['a', 'b'] }), '250-a\r\n250 b\r\n')
})

test('any octets at all: the reply parser answers or waits, in bounded memory', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
      const parser = new ReplyParser()
      parser.push(bytes)
      for (let i = 0; i < 200 && parser.next() !== undefined; i++);
      assert.ok(parser.bytesPending <= 3100)
    }),
    { seed },
  )
})

test('EHLO lines', () => {
  const offered = parseExtensions(['SIZE 1000', 'AUTH PLAIN login', 'pipelining', 'AUTH=NTLM'])
  assert.deepEqual(
    [offered.size, offered.auth, offered.pipelining, offered.chunking],
    [1000, ['PLAIN', 'LOGIN', 'NTLM'], true, false],
  )
})
