// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadRevision } from '../load.ts'

for (const { what, more, want } of [
  { what: 'LDAP as it is by default', more: {}, want: [] },
  {
    what: 'SCRAM',
    more: { sasl: { mechanisms: ['SCRAM-SHA-256', 'PLAIN'] } },
    want: ['no-effect'],
  },
  {
    what: 'no TLS',
    more: { directory: { ldap: { urls: ['ldap://a.example'], base: 'o=x', startTls: false } } },
    want: ['bad-value'],
  },
  {
    what: 'no TLS on loopback',
    more: { directory: { ldap: { urls: ['ldap://127.0.0.1'], base: 'o=x', startTls: false } } },
    want: [],
  },
])
  test(`check: ${what}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-check-'))
    t.after(() => rm(folder, { recursive: true }))
    const config = {
      server: { hostname: 'mx.example.org' },
      listeners: { mx: { service: 'smtp', port: 25 } },
      directory: { ldap: { urls: ['ldap://a.example'], base: 'o=x' } },
      ...more,
    }
    await writeFile(join(folder, 'postern.yaml'), JSON.stringify(config))
    const { diagnostics, revision } = await loadRevision(folder, { now: Date.now })
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      want,
    )
    assert.ok(!revision?.config.sasl.mechanisms.includes('SCRAM-SHA-256'))
  })
