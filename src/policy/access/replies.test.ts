// SPDX-License-Identifier: Apache-2.0
/** Proves: each reply of spec access-control.md 3.3 and 4, to the character. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatReply } from '../../smtp/reply.ts'
import { revisionOf } from './fixture.ts'
import { accessRefusal, portRefusal, secondPortRefusal } from './replies.ts'

const WHO = 'lee@b.test'
const S5 = { class: 5, enhanced: '7.13' } as const
const S4 = { class: 4, enhanced: '7.1' } as const

const rows: readonly (readonly [
  what: string,
  given: Parameters<typeof accessRefusal>[0],
  access: Readonly<Record<string, unknown>>,
  line: string,
])[] = [
  ['no text, ACCESS_ERRORS 0', { refuse: { text: '' } }, {}, '550 5.7.1 unknown host or domain: lee@b.test'],
  [
    'no text, ACCESS_ERRORS 1',
    { refuse: { text: '' } },
    { errors: 1 },
    '550 5.7.1 you are not allowed to use this address: lee@b.test',
  ],
  ['ERROR_TEXT_UNKNOWN_HOST', { refuse: { text: '' } }, { errorTextUnknownHost: 'no' }, '550 5.7.1 no: lee@b.test'],
  [
    'ERROR_TEXT_ACCESS_FAILURE',
    { refuse: { text: '' } },
    { errors: 1, errorTextAccessFailure: 'no' },
    '550 5.7.1 no: lee@b.test',
  ],
  ['with text', { refuse: { text: 'Go away' } }, {}, '550 5.7.1 Go away: lee@b.test'],
  ['$X 5.x.x', { refuse: { text: 'closed' }, status: S5 }, {}, '550 5.7.13 closed: lee@b.test'],
  ['$X 4.x.x', { refuse: { text: '' }, status: S4 }, {}, '450 4.7.1 unknown host or domain: lee@b.test'],
  ['a code of its own', { refuse: { text: '451 come again' } }, {}, '451 4.7.1 come again: lee@b.test'],
  ['code and status', { refuse: { text: '452 4.2.3 too many' } }, {}, '452 4.2.3 too many: lee@b.test'],
  ['a status of another class', { refuse: { text: '550 4.2.3 too many' } }, {}, '550 4.2.3 too many: lee@b.test'],
  ['its code and the status of $X', { refuse: { text: '554 no' }, status: S5 }, {}, '554 5.7.13 no: lee@b.test'],
  ['a number that is no code', { refuse: { text: '5500 no' } }, {}, '550 5.7.1 5500 no: lee@b.test'],
  ['a line end in the text', { refuse: { text: 'a\r\n250 b' } }, {}, '550 5.7.1 a??250 b: lee@b.test'],
]
for (const [what, given, access, line] of rows)
  test(`spec access-control.md 3.3: ${what}`, () => {
    assert.equal(formatReply(accessRefusal(given, WHO, revisionOf({ access }).config.access)), `${line}\r\n`)
  })

test('spec access-control.md 4: the text of PORT_ACCESS goes out as it is, with CRLF added; none, nothing', () => {
  assert.equal(formatReply(portRefusal('421 Connection declined')), '421 Connection declined\r\n')
  assert.equal(formatReply(portRefusal('go')), 'go\r\n')
  assert.equal(formatReply(portRefusal('a\r\nb')), 'a??b\r\n')
  assert.equal(formatReply(portRefusal('')), '')
  assert.equal(portRefusal('421 no').code, 421)
  assert.equal(formatReply(secondPortRefusal('')), '500 5.7.1 access denied\r\n')
  assert.equal(formatReply(secondPortRefusal('421 no')), '421 no\r\n')
})
