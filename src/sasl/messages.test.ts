// SPDX-License-Identifier: Apache-2.0
/** Grammar of SASL messages. Proves: the examples of the RFCs, what is refused, and that no octets crash a parser. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  decodeBase64,
  escapeName,
  MAX_SASL,
  parsePlain,
  parseScramChallenge,
  parseScramFinal,
  parseScramFirst,
} from './messages.ts'
import { prepareLogin, preparePassword } from './prepare.ts'

const SEED = 20261124

for (const { text, want } of [
  { text: '\0tim\0tanstaaftanstaaf', want: ['', 'tim', 'tanstaaftanstaaf'] }, // RFC 4616 §4
  { text: 'Ursel\0Kurt\0xipj3plmq', want: ['ursel', 'kurt', 'xipj3plmq'] },
  { text: '\0KIM@Example.ORG\0 p\u00a0w ', want: ['', 'kim@example.org', ' p w '] },
  { text: 'tim\0pw', want: undefined },
  { text: '\0tim\0', want: undefined },
  { text: '\0\0pw', want: undefined },
  { text: '\0tim\0p\0w', want: undefined },
  { text: '\0ti\nm\0pw', want: undefined },
  { text: '', want: undefined },
  { text: `\0tim\0${'x'.repeat(MAX_SASL)}`, want: undefined },
])
  test(`PLAIN ${JSON.stringify(text.slice(0, 40))}`, () => {
    const message = parsePlain(Buffer.from(text))
    assert.deepEqual(message && [message.authzid, message.login, message.password], want)
  })

test('PLAIN that is no UTF-8 is none', () => assert.equal(parsePlain(Buffer.from('006b6bff0070', 'hex')), undefined))

for (const { text, want } of [
  { text: '', want: '' },
  { text: 'Zg==', want: 'f' },
  { text: 'Zm8=', want: 'fo' },
  { text: 'Zm9v', want: 'foo' },
  { text: '=', want: undefined },
  { text: 'Zg', want: undefined },
  { text: 'Zh==', want: undefined }, // stray bits, RFC 4648 §3.5
  { text: 'Zm9v\n', want: undefined },
  { text: 'Zm-_', want: undefined },
  { text: 'Zg==Zg==', want: undefined },
])
  test(`base64 ${JSON.stringify(text)}`, () => assert.equal(decodeBase64(text)?.toString(), want))

for (const { text, want } of [
  { text: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO', want: ['n,,', '', 'user'] }, // RFC 7677 §3
  { text: 'y,,n=user,r=12345678', want: ['y,,', '', 'user'] },
  { text: 'n,a=Other,n=us=3Der=2Cx,r=12345678', want: ['n,a=Other,', 'other', 'us=er,x'] },
  { text: 'n,,n=user,r=12345678,x=later', want: ['n,,', '', 'user'] },
  { text: 'p=tls-exporter,,n=user,r=12345678', want: undefined },
  { text: 'n,,m=must,n=user,r=12345678', want: undefined },
  { text: 'n,,n=us=er,r=12345678', want: undefined },
  { text: 'n,,n=,r=12345678', want: undefined },
  { text: 'n,,n=user,r=1234567', want: undefined },
  { text: 'n,,n=user,r=1234567\u00e9', want: undefined },
  { text: 'n,,n=user', want: undefined },
  { text: 'n,n=user,r=12345678', want: undefined },
  { text: 'n,,n=user,r=12345678,', want: undefined },
])
  test(`SCRAM first ${text}`, () => {
    const first = parseScramFirst(Buffer.from(text))
    assert.deepEqual(first && [first.gs2Header, first.authzid, first.login], want)
    if (first !== undefined) assert.equal(first.gs2Header + first.bare, text)
  })

const PROOF = Buffer.alloc(32, 7).toString('base64')
for (const { text, want } of [
  { text: `c=biws,r=12345678,p=${PROOF}`, want: ['n,,', '12345678', 'c=biws,r=12345678'] },
  { text: `c=biws,r=12345678,x=y,p=${PROOF}`, want: ['n,,', '12345678', 'c=biws,r=12345678,x=y'] },
  { text: `c=biws,r=12345678,p=${PROOF},x=y`, want: undefined },
  { text: 'c=biws,r=12345678,p=AAAA', want: undefined },
  { text: `c=b!ws,r=12345678,p=${PROOF}`, want: undefined },
  { text: 'c=biws,r=12345678', want: undefined },
])
  test(`SCRAM final ${text}`, () => {
    const final = parseScramFinal(Buffer.from(text))
    assert.deepEqual(final && [final.binding, final.nonce, final.withoutProof], want)
  })

for (const { text, want } of [
  { text: 'r=abcd,s=QSXCR+Q6sek8bf92,i=4096', want: 4096 },
  { text: 'r=abcd,s=QSXCR+Q6sek8bf92,i=4096,z=more', want: 4096 },
  { text: 'm=x,r=abcd,s=QSXCR+Q6sek8bf92,i=4096', want: undefined },
  { text: 'r=abcd,s=,i=4096', want: undefined },
  { text: 'r=abcd,s=QSXCR+Q6sek8bf92,i=0', want: undefined },
  { text: 'r=abcd,s=QSXCR+Q6sek8bf92,i=4096x', want: undefined },
  { text: 'r=abcd,s=QSXCR+Q6sek8bf92,i=9999999999', want: undefined },
  { text: 'e=other-error', want: undefined },
])
  test(`SCRAM challenge ${text}`, () => assert.equal(parseScramChallenge(text)?.iterations, want))

for (const { given, login, password } of [
  { given: 'Kim', login: 'kim', password: 'Kim' },
  { given: '\uff2b\uff29\uff2d', login: 'kim', password: '\uff2b\uff29\uff2d' },
  { given: 'Ju\u0308rgen', login: 'j\u00fcrgen', password: 'J\u00fcrgen' },
  { given: 'a\u3000b', login: 'a b', password: 'a b' },
  { given: 'a\u2009b', login: 'a\u2009b', password: 'a b' },
  { given: 'a\tb', login: undefined, password: undefined },
  { given: '', login: undefined, password: undefined },
])
  test(`RFC 8265 ${JSON.stringify(given)}`, () => {
    assert.equal(prepareLogin(given), login)
    assert.equal(preparePassword(given), password)
  })

test(`no octets crash a parser, and names survive escaping; seed ${SEED}`, () => {
  const pieces = fc.constantFrom(
    'n,,',
    'y,',
    'n=',
    'r=',
    'c=biws',
    'p=',
    's=',
    'i=',
    'a=',
    'm=',
    ',',
    '=',
    '=2C',
    '\0',
    'é',
    '12345678',
  )
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.array(pieces).map((list) => Buffer.from(list.join(''))),
  )
  fc.assert(
    fc.property(octets, (bytes) => {
      const first = parseScramFirst(bytes)
      if (first !== undefined) assert.equal(first.gs2Header + first.bare, Buffer.from(bytes).toString())
      parseScramFinal(bytes)
      parsePlain(bytes)
      parseScramChallenge(Buffer.from(bytes).toString('latin1'))
    }),
    { seed: SEED, numRuns: 3000 },
  )
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      const first = parseScramFirst(Buffer.from(`n,,n=${escapeName(name)},r=12345678`))
      assert.equal(first?.login, prepareLogin(name))
    }),
    { seed: SEED },
  )
})
