// SPDX-License-Identifier: Apache-2.0
/** Proves: the secrets of sender rewriting are read, and ones that are missing or weak are named. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadRevision } from './load.ts'

const directory = await mkdtemp(join(tmpdir(), 'postern-srs-'))
after(() => rm(directory, { recursive: true, force: true }))

async function load(secrets: string | undefined, setting = 'srs: { domain: SRS.example.org, secretsFile: secrets }') {
  const file = join(directory, 'secrets')
  await rm(file, { force: true })
  if (secrets !== undefined) await writeFile(file, secrets, { mode: 0o600 })
  await writeFile(join(directory, 'postern.yaml'), `server: { hostname: mx.example.org }\nlisteners: {}\n${setting}\n`)
  const { revision, diagnostics } = await loadRevision(directory, { now: () => 0 })
  return {
    srs: revision?.srs,
    found: diagnostics
      .filter(({ code }) => code !== 'no-listener')
      .map(({ code, severity, line }) => `${code} ${severity} ${line}`),
  }
}

test('one secret a line, the first one signs; off without the setting', async () => {
  const { srs, found } = await load('  the first of the secrets\n\nthe second of the secrets\n')
  assert.deepEqual(found, [])
  const secrets = ['the first of the secrets', 'the second of the secrets']
  assert.deepEqual(srs, { domain: 'srs.example.org', secrets, days: 21 })
  assert.deepEqual((await load('x'.repeat(20), '')).srs, undefined)
})

for (const { name, secrets, want } of [
  { name: 'no file', secrets: undefined, want: ['file-missing error 3'] },
  { name: 'an empty one', secrets: ' \n', want: ['bad-value error 3'] },
  { name: 'a short secret', secrets: 'long enough to be one\nshort\n', want: ['bad-value error 3'] },
])
  test(`${name}: ${want}`, async () => assert.deepEqual((await load(secrets)).found, want))
