// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { postern } from './fixture.ts'

test('a fresh site is proved safe; a row that allows is shown with a session', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-audit-'))
  t.after(() => rm(folder, { recursive: true }))
  assert.equal((await postern(['init', folder, '--hostname', 'mx.example.org'])).code, 0)
  const fine = await postern(['audit', folder])
  assert.equal(fine.code, 0, fine.out + fine.err)
  assert.match(fine.out, /^Can a stranger relay\? {2}no: proved\n\nno +mx, as tcp_local: the relay guard/)
  await writeFile(join(folder, 'mappings'), 'INTERNAL_IP\n\n  20*  $Y\n  *   $N\n')
  const open = await postern(['audit', folder])
  assert.equal(open.code, 1, open.out + open.err)
  assert.match(open.out, /relay\? {2}YES/)
  assert.match(
    open.out,
    /INTERNAL_IP mappings:3 {2}20\* {2}\$Y\n +try: postern explain --offline --ip \S+ --listener mx/,
  )
  const { verdict, ways } = JSON.parse((await postern(['audit', folder, '--json'])).out)
  assert.equal(verdict, 'open')
  const { ip, from, to } = ways.find((way: { verdict: string }) => way.verdict === 'open').example
  const shown = await postern(['--config', folder, 'explain', '--offline', '--ip', ip, '--from', from, '--to', ...to])
  assert.match(shown.out, /^accepted/)
})
