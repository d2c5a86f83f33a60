// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { selfSigned } from './self-signed.ts'

test('the certificate names the host and its addresses, and fits its key', async () => {
  const { certificate, key } = await selfSigned({
    hostname: 'mx.example.org',
    addresses: ['127.0.0.1'],
    nowMs: Date.now(),
    days: 30,
  })
  const parsed = new X509Certificate(certificate)
  assert.equal(parsed.checkHost('mx.example.org'), 'mx.example.org')
  assert.equal(parsed.checkIP('127.0.0.1'), '127.0.0.1')
  assert.ok(parsed.checkPrivateKey(createPrivateKey(key)))
  assert.ok(parsed.verify(parsed.publicKey))
})
