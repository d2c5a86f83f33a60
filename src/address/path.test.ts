// SPDX-License-Identifier: Apache-2.0
/** Proves: what RFC 5321 §4.1.2 and RFC 6531 §3.3 allow is read, what they do not is refused, and nothing is guessed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assertLinear } from '../../test/fuzz/linear.ts'
import { announceSeed } from '../../test/fuzz/seed.ts'
import type { MailAddress } from './address.ts'
import {
  addressKey,
  asciiAddress,
  asciiDomain,
  isAscii,
  parseAddress,
  parseDomain,
  parseForwardPath,
  parseReversePath,
  sameAddress,
} from './path.ts'

const address = (text: string): MailAddress => {
  const parsed = parseAddress(text)
  assert.ok(parsed !== undefined, `no address: ${text}`)
  return parsed
}

const local64 = 'l'.repeat(64)
/** 63 + 1 + … = 189 octets: with `local64@` and brackets, a path of exactly 256. */
const domain189 = ['a'.repeat(63), 'b'.repeat(63), 'c'.repeat(61)].join('.')
const domain255 = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}`

for (const { text, path, rest = '', route, smtputf8 = false } of [
  { text: '<>', path: null },
  { text: '<> SIZE=1', path: null, rest: ' SIZE=1' },
  { text: '<kim@example.org> BODY=7BIT', path: 'kim@example.org', rest: ' BODY=7BIT' },
  { text: '<Kim.Li@EXAMPLE.Org>', path: 'Kim.Li@example.org' },
  { text: "<!#$%&'*+-/=?^_`{|}~@a>", path: "!#$%&'*+-/=?^_`{|}~@a" },
  { text: '<"a b"@example.org>', path: '"a b"@example.org' },
  { text: '<"a\\"b\\\\@>"@example.org>x', path: '"a\\"b\\\\@>"@example.org', rest: 'x' },
  { text: '<""@example.org>', path: '""@example.org' },
  { text: '<a@[192.0.2.1]>', path: 'a@[192.0.2.1]' },
  { text: '<a@[ipv6:2001:DB8::1]>', path: 'a@[IPv6:2001:db8::1]' },
  { text: '<@a.example,@b.example:kim@c>', path: 'kim@c', route: '@a.example,@b.example' },
  { text: '<a@xn--bcher-kva.example>', path: 'a@xn--bcher-kva.example' },
  { text: '<a@1.2-3.4>', path: 'a@1.2-3.4' },
  { text: `<${local64}@${domain189}>`, path: `${local64}@${domain189}` },
  { text: '<jürgen@BÜCHER.example>', path: 'jürgen@bücher.example', smtputf8: true },
  { text: '<a@bu\u0308cher.example>', path: 'a@bücher.example', smtputf8: true },
  { text: '<"jü\u00a0"@a>', path: '"jü\u00a0"@a', smtputf8: true },
  { text: '<💩@💩.example>', path: '💩@💩.example', smtputf8: true },
])
  test(`path ${text.slice(0, 50)}`, () => {
    const want = { path, rest, ...(route === undefined ? {} : { route }) }
    assert.deepEqual(parseReversePath(text, { smtputf8 }), want)
    if (path !== null) assert.deepEqual(parseForwardPath(text, { smtputf8 }), want)
    if (path !== null) assert.equal(parseAddress(path), path)
  })

for (const { text, problem, smtputf8 = false } of [
  { text: '', problem: 'syntax' },
  { text: 'kim@example.org', problem: 'syntax' },
  { text: '<kim@example.org', problem: 'syntax' },
  { text: '<kim>', problem: 'syntax' },
  { text: '<@example.org>', problem: 'syntax' },
  { text: '<kim@>', problem: 'syntax' },
  { text: '<kim@@a>', problem: 'syntax' },
  { text: '<kim@a@b>', problem: 'syntax' },
  { text: '< kim@a>', problem: 'syntax' },
  { text: '<kim@a >', problem: 'syntax' },
  { text: '<kim @a>', problem: 'syntax' },
  { text: '<.kim@a>', problem: 'syntax' },
  { text: '<kim.@a>', problem: 'syntax' },
  { text: '<k..im@a>', problem: 'syntax' },
  { text: '<kim@a.>', problem: 'syntax' },
  { text: '<kim@.a>', problem: 'syntax' },
  { text: '<kim@a..b>', problem: 'syntax' },
  { text: '<kim@-a>', problem: 'syntax' },
  { text: '<kim@a->', problem: 'syntax' },
  { text: '<kim@a/b>', problem: 'syntax' },
  { text: '<"kim@a>', problem: 'syntax' },
  { text: '<"kim"li@a>', problem: 'syntax' },
  { text: '<"k\tm"@a>', problem: 'syntax' },
  { text: '<"k\\"@a>', problem: 'syntax' },
  { text: '<k(c)@a>', problem: 'syntax' },
  { text: '<kim@[192.0.2]>', problem: 'syntax' },
  { text: '<kim@[192.0.2.256]>', problem: 'syntax' },
  { text: '<kim@[2001:db8::1]>', problem: 'syntax' },
  { text: '<kim@[IPv6:192.0.2.1]>', problem: 'syntax' },
  { text: '<kim@[IPv6:fe80::1%eth0]>', problem: 'syntax' },
  { text: '<kim@[X-tag:abc]>', problem: 'syntax' },
  { text: `<kim@[${' '.repeat(10_000)}`, problem: 'syntax' },
  { text: '<@a:@b:kim@c>', problem: 'syntax' },
  { text: '<@a,b:kim@c>', problem: 'syntax' },
  { text: '<@a kim@c>', problem: 'syntax' },
  { text: '<@[192.0.2.1]:kim@c>', problem: 'syntax' },
  { text: `<${local64}x@a>`, problem: 'too-long' },
  { text: `<${local64}@${domain189}x>`, problem: 'too-long' },
  { text: `<a@${domain255}x>`, problem: 'too-long' },
  { text: `<a@${'b'.repeat(64)}.example>`, problem: 'too-long' },
  {
    text: `<@${'b'.repeat(60)}.a,@${'c'.repeat(60)}.a,@${'d'.repeat(60)}.a,@${'e'.repeat(60)}.a:kim@c>`,
    problem: 'too-long',
  },
  { text: `<${'ü'.repeat(33)}@a>`, problem: 'too-long', smtputf8: true },
  { text: `<a@${'ü'.repeat(60)}.example>`, problem: 'too-long', smtputf8: true },
  { text: '<jürgen@example.org>', problem: 'utf8' },
  { text: '<kim@bücher.example>', problem: 'utf8' },
  { text: '<@bücher.example:kim@a>', problem: 'utf8' },
  // Signs that Unicode turns into ASCII: Greek question mark, Kelvin, fullwidth letters, dots and digits.
  { text: '<a\u037eb@a>', problem: 'utf8' },
  { text: '<kim@\u212aim.example>', problem: 'syntax', smtputf8: true },
  { text: '<kim@\uff45xample.org>', problem: 'syntax', smtputf8: true },
  { text: '<kim@a\u3002b>', problem: 'syntax', smtputf8: true },
  { text: '<kim@\uff11.2.3.4>', problem: 'syntax', smtputf8: true },
  { text: '<kim@ex\u00adample.org>', problem: 'syntax', smtputf8: true },
  { text: '<kim@xn--a-ü.example>', problem: 'syntax', smtputf8: true },
  { text: '<kim@a\u2028b>', problem: 'syntax', smtputf8: true },
  { text: '<k\u0085m@a>', problem: 'syntax', smtputf8: true },
  { text: '<"k\u0085m"@a>', problem: 'syntax', smtputf8: true },
  { text: '<k\ud800m@a>', problem: 'syntax', smtputf8: true },
])
  test(`no path: ${JSON.stringify(text.slice(0, 50))}`, () => {
    for (const parse of [parseReversePath, parseForwardPath]) {
      const got = parse(text, { smtputf8 })
      assert.ok('problem' in got)
      assert.equal(got.problem, problem)
      assert.match(got.text, /^[ -~]+$/)
    }
  })

test('postmaster alone is a recipient, and no sender', () => {
  assert.deepEqual(parseForwardPath('<Postmaster> NOTIFY=NEVER', { smtputf8: false }), {
    path: 'Postmaster',
    rest: ' NOTIFY=NEVER',
    bare: true,
  })
  assert.ok('problem' in parseReversePath('<postmaster>', { smtputf8: false }))
  assert.ok('problem' in parseForwardPath('<>', { smtputf8: false }))
})

for (const { text, want } of [
  { text: 'Example.ORG.', want: 'example.org' },
  { text: 'localhost', want: 'localhost' },
  { text: '[192.0.2.1]', want: '[192.0.2.1]' },
  { text: 'BÜCHER.example', want: 'bücher.example' },
  { text: 'mail_1.example', want: 'mail_1.example' },
  { text: '', want: undefined },
  { text: '.', want: undefined },
  { text: 'a..', want: undefined },
  { text: '[192.0.2.1].', want: undefined },
  { text: 'a b', want: undefined },
  { text: 'a@b', want: undefined },
])
  test(`domain ${JSON.stringify(text)}`, () => assert.equal(parseDomain(text), want))

for (const { a, b, same, key = same } of [
  { a: 'kim@a', b: 'kim@A', same: true },
  { a: 'kim@a', b: 'Kim@a', same: false, key: true },
  { a: 'kim@a', b: '"kim"@a', same: true },
  { a: 'kim@a', b: '"k\\im"@a', same: true },
  { a: '"k m"@a', b: '"k\\ m"@a', same: true },
  { a: '"k\\"m"@a', b: '"km"@a', same: false },
  { a: 'kim@bücher.example', b: 'kim@xn--bcher-kva.example', same: true },
  { a: 'j\u00fcrgen@a', b: 'ju\u0308rgen@a', same: true },
  { a: 'kim@a', b: 'kim@b', same: false },
  { a: '"a@b"@c', b: 'a@c', same: false },
])
  test(`${a} and ${b}`, () => {
    assert.equal(sameAddress(address(a), address(b)), same)
    assert.equal(addressKey(a) === addressKey(b), key)
    assert.equal(addressKey(addressKey(a)), addressKey(a))
  })

test('to ASCII', () => {
  assert.equal(asciiAddress(address('kim@bücher.example')), 'kim@xn--bcher-kva.example')
  assert.equal(asciiAddress(address('jürgen@example.org')), undefined)
  assert.equal(asciiDomain('straße.example'), 'xn--strae-oqa.example')
  // Node reads hosts of URLs; what ends one there must not be cut off here.
  for (const trick of ['ü/x', 'ü?x', 'ü#x', 'ü:25', 'ü%41', 'ü x', 'ü'.repeat(200)])
    assert.equal(asciiDomain(trick), undefined)
  assert.equal(addressKey('no address "at all'), 'no address "at all')
  assert.equal(addressKey('Login'), 'login')
})

const seed = announceSeed('address')
const typed = fc
  .array(
    fc.constantFrom(
      '<',
      '>',
      '@',
      '.',
      ',',
      ':',
      '"',
      '\\',
      'a',
      'B',
      '-',
      '[',
      ']',
      ' ',
      'ü',
      '\u0308',
      '1',
      '\0',
      '\ud83d',
    ),
    {
      maxLength: 24,
    },
  )
  .map((pieces) => pieces.join(''))

test('any text: what is accepted is read again as it is written, and carries nothing else', () => {
  fc.assert(
    fc.property(typed, fc.boolean(), (inside, smtputf8) => {
      const text = `<${inside}`
      for (const parse of [parseReversePath, parseForwardPath]) {
        const got = parse(text, { smtputf8 })
        if ('problem' in got) continue
        assert.ok(text.endsWith(`>${got.rest}`))
        if (got.path === null || got.bare === true) continue
        assert.equal(parseAddress(got.path), got.path)
        assert.ok(smtputf8 || isAscii(got.path))
        assert.ok(sameAddress(got.path, got.path) && got.path.isWellFormed())
        const ascii = asciiAddress(got.path)
        if (ascii !== undefined) assert.equal(parseAddress(ascii), ascii)
        if (ascii !== undefined) assert.ok(sameAddress(ascii, got.path))
      }
    }),
    { seed, numRuns: 5000 },
  )
})

test('long nonsense costs linear time', () => {
  for (const piece of ['a.', '@a,', '"\\', '<@a:', 'ü', '[', '>'])
    assertLinear((count) => {
      const text = `<${piece.repeat(count)}`
      return () => parseForwardPath(text, { smtputf8: true })
    }, 20_000)
})
