// SPDX-License-Identifier: Apache-2.0
/** Proves: the reply reads as before, the message it answers is in it as it came, and no message makes it large or breaks it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SieveMessage } from '../../sieve/index.ts'
import { withOriginal } from './echo.ts'

const REPLY =
  'From: kim@example.org\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\nAuto-Submitted: auto-replied (vacation)\r\n\r\nThanks=2E\r\n'
const MOST = 1000
const BOUNDARY = '0123456789abcdef0123'

async function echo(original: string, reply = REPLY): Promise<string> {
  const bytes = Buffer.from(original, 'latin1')
  const content = async function* () {
    yield bytes
  }
  const text = await withOriginal(Buffer.from(reply), { size: bytes.length, content }, MOST, BOUNDARY)
  assert.doesNotMatch(text.toString('latin1'), /(?<!\r)\n|\r(?!\n)|\0/)
  return text.toString('latin1')
}

test('the text, then the message; fields of the reply on top once', async () => {
  const original = 'Subject: hi\r\nX: 1\r\n\r\nbody\r\n'
  const text = await echo(original)
  assert.equal(
    text,
    [
      'From: kim@example.org',
      'Auto-Submitted: auto-replied (vacation)',
      'MIME-Version: 1.0',
      `Content-Type: multipart/mixed; boundary="${BOUNDARY}"`,
      'Content-Transfer-Encoding: 7bit',
      '',
      `--${BOUNDARY}`,
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'Thanks=2E',
      '',
      `--${BOUNDARY}`,
      'Content-Type: message/rfc822',
      'Content-Transfer-Encoding: 7bit',
      '',
      'Subject: hi',
      'X: 1',
      '',
      'body',
      '',
      `--${BOUNDARY}--`,
      '',
    ].join('\r\n'),
  )
  const parsed = SieveMessage.parse(Buffer.from(text))
  assert.equal(parsed.fieldsNamed('content-type').length, 1)
})

for (const { name, original, type, encoding, holds } of [
  {
    name: 'one that is large: its header',
    original: `Subject: hi\r\n\r\n${'x'.repeat(MOST)}`,
    type: 'text/rfc822-headers',
    encoding: '7bit',
    holds: 'Subject: hi\r\n\r\n--',
  },
  {
    name: 'at the bound: whole',
    original: `${'a'.repeat(MOST - 2)}\r\n`,
    type: 'message/rfc822',
    encoding: '7bit',
    holds: 'aaa\r\n\r\n--',
  },
  {
    name: 'eight bits in the body',
    original: 'A: b\r\n\r\n\xe9\r\n',
    type: 'message/rfc822',
    encoding: '8bit',
    holds: '\xe9',
  },
  {
    name: 'eight bits in the header',
    original: 'A: \xc3\xa9\r\n\r\nx\r\n',
    type: 'message/global',
    encoding: '8bit',
    holds: '\xc3\xa9',
  },
  {
    name: 'bare newlines and NUL',
    original: 'A: b\n\nx\0y\rz\n',
    type: 'message/rfc822',
    encoding: '7bit',
    holds: 'A: b\r\n\r\nx?y\r\nz\r\n',
  },
])
  test(`the message: ${name}`, async () => {
    const text = await echo(original)
    assert.ok(text.includes(`Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`), text)
    assert.ok(text.includes(holds))
    assert.ok(text.length < 2 * MOST + 1000)
    assert.match(text, new RegExp(`boundary="${BOUNDARY}"\r\nContent-Transfer-Encoding: ${encoding}`))
  })
