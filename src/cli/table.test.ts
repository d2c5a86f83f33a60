// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { postern } from './fixture.ts'

let folder = ''
let mappings = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-table-'))
  mappings = join(folder, 'mappings')
  await writeFile(
    mappings,
    [
      'ORIG_SEND_ACCESS',
      '',
      '  tcp_local|*|tcp_local|*@friend.example  $Y',
      '  tcp_local|*|tcp_local|*   $N$D30|Relaying$ not$ allowed',
      '  tcp_auth|*|*|*   $:A$Y',
      `  general|*   $\{$0}`,
      '  number|*   $#numbers#',
      '',
      'INTERNAL_IP',
      '',
      '  $(192.0.2.0/24)  $Y',
      '  *  $N',
      '',
    ].join('\n'),
  )
  await writeFile(join(folder, 'general'), 'key  value\n')
  await writeFile(join(folder, 'numbers'), '7\n')
})
after(() => rm(folder, { recursive: true }))

/** No configuration is there. */
const probe = (...args: readonly string[]) =>
  postern(['table', 'probe', '--mappings', mappings, '--general', join(folder, 'general'), '--offline', ...args])

test('probe --json prints exactly what scripts are promised', async () => {
  const { code, out, err } = await probe('orig_send_access', 'tcp_local|a@b|tcp_local|c@d', '--json')
  assert.equal(code, 0, err)
  const { steps, ...rest } = JSON.parse(out)
  assert.deepEqual(rest, {
    matched: true,
    failed: false,
    output: '30|Relaying not allowed',
    flags: 'DN',
    row: { file: mappings, line: 4 },
  })
  assert.equal(steps.length, 1)
  const nothing = JSON.parse((await probe('ORIG_SEND_ACCESS', 'x', '--json')).out)
  assert.deepEqual(nothing, { matched: false, failed: false, output: 'x', flags: '', row: null, steps: [] })
  const failed = JSON.parse((await probe('ORIG_SEND_ACCESS', 'tcp_auth|a|b|c', '--json')).out)
  assert.deepEqual([failed.matched, failed.failed, failed.row.line], [true, true, 5])
})

test('flags and the general table are taken into account', async () => {
  const signedIn = JSON.parse((await probe('ORIG_SEND_ACCESS', 'tcp_auth|a|b|c', '--flags', 'a', '--json')).out)
  assert.deepEqual([signedIn.failed, signedIn.flags], [false, 'Y'])
  assert.equal(JSON.parse((await probe('ORIG_SEND_ACCESS', 'general|KEY', '--json')).out).output, 'value')
})

test('a probe for people shows row, pieces, and what nearly matched', async () => {
  const { out } = await probe('ORIG_SEND_ACCESS', 'tcp_local|a@b|tcp_local|c@fiend.example')
  assert.match(out, /:4:3 matched\n.*┆ {3}tcp_local\|\*\|tcp_local\|\* {3}\$N.*\n.*┆ {3}\^/)
  assert.match(out, /\$0 took "a@b" {2}\$1 took "c@fiend\.example"/)
  assert.match(out, /nearly: .*:3:\d+ wants "@friend\.example"/)
  assert.match(out, /gave "30\|Relaying not allowed", flags \$D \$N/)
})

test('--stdin: one line of JSON for each line', async () => {
  const args = ['table', 'probe', 'INTERNAL_IP', '--mappings', mappings, '--stdin', '--offline']
  const { code, out } = await postern(args, { stdin: '192.0.2.7\n198.51.100.7\n\n' })
  assert.equal(code, 0)
  assert.deepEqual(
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).flags),
    ['Y', 'N', 'N'],
  )
})

test('sequence numbers go on from the file, which stays as it is', async () => {
  const outputs = []
  for (let i = 0; i < 2; i++)
    outputs.push(JSON.parse((await probe('ORIG_SEND_ACCESS', 'number|', '--json')).out).output)
  assert.deepEqual(outputs, [outputs[0], outputs[0]])
  assert.equal(await readFile(join(folder, 'numbers'), 'utf8'), '7\n')
})

test('a file that does not load ends with 1 and its diagnostics', async () => {
  const bad = join(folder, 'bad')
  await writeFile(bad, 'TABLE\n\n  $(300.1.1.1/8)  $Y\n')
  const { code, out, err } = await postern(['table', 'probe', 'TABLE', 'x', '--mappings', bad, '--json'])
  assert.deepEqual([code, out], [1, ''])
  assert.match(err, /error mapping-network .*bad:3:3/)
  assert.match(err, /┆|\|/)
  const missing = await postern(['table', 'probe', 'TABLE', 'x', '--mappings', join(folder, 'none')])
  assert.equal(missing.code, 1)
  assert.match(missing.err, /cannot read .*none/)
})

test('what is asked wrongly ends with 2', async () => {
  assert.equal((await probe('NO_SUCH', 'x')).code, 2)
  assert.equal((await probe('INTERNAL_IP')).code, 2)
  assert.equal((await probe('INTERNAL_IP', 'x', '--flags', '1')).code, 2)
})

test('list and show', async () => {
  const list = JSON.parse((await postern(['table', 'list', '--mappings', mappings, '--json'])).out)
  assert.deepEqual(
    list.map(({ name, rows }: { name: string; rows: number }) => [name, rows]),
    [
      ['ORIG_SEND_ACCESS', 5],
      ['INTERNAL_IP', 2],
    ],
  )
  const { out } = await postern(['table', 'show', 'internal_ip', '--mappings', mappings])
  assert.match(out, /^INTERNAL_IP\n\n.*mappings:11 {2}\$\(192\.0\.2\.0\/24\) {2}\$Y\n.*:12 {2}\* +\$N\n$/)
})
