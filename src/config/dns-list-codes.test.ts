// SPDX-License-Identifier: Apache-2.0
/** Proves: what may be written as codes of a list, what they accept, and that errors of lists are never a listing. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_CODES, parseCodes, readCode } from './dns-list-codes.ts'
import { loadRevision } from './load.ts'

for (const { text, fine } of [
  { text: '127.0.0.2', fine: true },
  { text: '127.0.0.2-127.0.0.11', fine: true },
  { text: ' 127.0.0.2 - 127.1.0.0 ', fine: true },
  { text: 'bits 0.0.0.6', fine: true },
  { text: DEFAULT_CODES, fine: true },
  { text: '127.0.0.9-127.0.0.2', fine: false },
  { text: '10.0.0.1', fine: false },
  { text: '127.0.0.1-128.0.0.1', fine: false },
  { text: '127.0.0', fine: false },
  { text: '127.0.0.2-127.0.0.3-127.0.0.4', fine: false },
  { text: 'bits 0.0.0.0', fine: false },
  { text: 'bits 127.0.0.2', fine: false },
  { text: 'bits x', fine: false },
  { text: '', fine: false },
])
  test(`codes ${JSON.stringify(text)}: ${fine ? 'fine' : 'refused'}`, () =>
    assert.equal(parseCodes(text) !== undefined, fine))

for (const { address, codes, want } of [
  { address: '127.0.0.2', codes: DEFAULT_CODES, want: 'listed' },
  { address: '127.0.0.1', codes: DEFAULT_CODES, want: 'other' },
  { address: '127.0.1.2', codes: DEFAULT_CODES, want: 'other' },
  { address: '127.255.255.254', codes: DEFAULT_CODES, want: 'error' },
  { address: '127.255.255.0', codes: '127.0.0.0-127.255.255.255', want: 'error' },
  { address: '127.255.254.255', codes: '127.0.0.0-127.255.255.255', want: 'listed' },
  { address: '198.51.100.7', codes: 'bits 0.0.0.7', want: 'other' },
  { address: '127.0.0.10', codes: 'bits 0.0.0.6', want: 'listed' },
  { address: '127.0.0.9', codes: 'bits 0.0.0.6', want: 'other' },
  { address: '127.0.4.1', codes: 'bits 0.0.4.0', want: 'listed' },
  { address: '127.255.255.254', codes: 'bits 0.0.0.6', want: 'error' },
  { address: 'nonsense', codes: DEFAULT_CODES, want: 'other' },
])
  test(`${address} by ${codes}: ${want}`, () => {
    const parsed = parseCodes(codes)
    assert.ok(parsed !== undefined)
    assert.equal(readCode(address, [parsed]), want)
  })

test('any text is codes or is not; what is an error is never a listing', () => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
  console.log(`seed ${seed} (codes of DNS lists)`)
  const octet = fc.integer({ min: 0, max: 256 })
  const address = fc.tuple(fc.constantFrom(126, 127, 128), octet, octet, octet).map((parts) => parts.join('.'))
  const text = fc.oneof(
    fc.string(),
    address,
    fc.tuple(address, address).map((ends) => ends.join('-')),
    address.map((mask) => `bits ${mask}`),
    fc.tuple(octet, octet, octet).map((mask) => `bits 0.${mask.join('.')}`),
  )
  fc.assert(
    fc.property(text, address, (written, answer) => {
      const codes = parseCodes(written)
      if (codes === undefined) return
      const read = readCode(answer, [codes])
      if (!answer.startsWith('127.')) assert.equal(read, 'other')
      if (/^127\.255\.255\.\d+$/.test(answer) && isIPv4(answer)) assert.equal(read, 'error')
      if (codes.kind === 'range' && written === answer) assert.notEqual(read, 'other')
    }),
    { seed, numRuns: 3000 },
  )
})

test('postern.yaml: what is wrong with lists and tables is said where it stands', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-lists-'))
  t.after(() => rm(directory, { recursive: true }))
  const text = `server: { hostname: mx.example.org }
listeners: { mx: { service: smtp, port: 0 } }
dnsLists:
  lists:
    - { zone: List.Example., channels: [tcp_locl] }
    - { zone: bits.example, codes: [bits 0.0.0.6, { codes: 127.0.0.2, weight: 5 }, 10.0.0.1] }
  services: { mxx: { verifyDomains: [list.example] } }
state:
  kind: redis
  tables: { g: { type: greylisting, blockTime: 5h } }
`
  await writeFile(join(directory, 'postern.yaml'), text)
  const { diagnostics } = await loadRevision(directory, { now: Date.now })
  const found = diagnostics.map(({ code, line }) => `${code} ${line}`).sort()
  assert.deepEqual(found, ['bad-duration 10', 'bad-value 6', 'missing-key 9', 'no-effect 7', 'unknown-channel 5'])
  await writeFile(
    join(directory, 'postern.yaml'),
    text
      .replace(', 10.0.0.1]', ']')
      .replace('tcp_locl', 'tcp_local')
      .replace('kind: redis', 'kind: redis\n  url: redis://127.0.0.1:6379')
      .replace('blockTime: 5h', 'blockTime: 5m'),
  )
  const { revision } = await loadRevision(directory, { now: Date.now })
  assert.deepEqual(
    revision?.config.dnsLists.lists.map(({ zone, codes }) => ({ zone, codes: codes.length })),
    [
      { zone: 'list.example', codes: 1 },
      { zone: 'bits.example', codes: 2 },
    ],
  )
})
