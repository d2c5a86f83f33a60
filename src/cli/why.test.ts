// SPDX-License-Identifier: Apache-2.0
/** Proves: the commands of docs/manual/why.md run on the site that `postern init` writes, and say what the chapter says. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { postern } from './fixture.ts'

const chapter = await readFile(new URL('../../docs/manual/why.md', import.meta.url), 'utf8')
/** Without their comments. */
const commands = [...chapter.matchAll(/^ {4}postern (.*?)(?: +#.*)?$/gm)].map(([, line = '']) => line)
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-why-'))
  assert.equal((await postern(['init', folder])).code, 0)
})
after(() => rm(folder, { recursive: true }))

const run = (line: string) => postern(['--config', folder, ...words(line)])

test('the chapter has commands', () => assert.ok(commands.length >= 6, String(commands.length)))

for (const line of commands)
  test(`postern ${line}`, async () => {
    const { code, out, err } = await run(/^explain --ip/.test(line) ? `${line} --offline` : line)
    // A message that is only named for the example is not there: that is found out, and said.
    if (/^(?:track|explain 01)/.test(line)) assert.ok(code === 0 || code === 1 || code === 2, err)
    else assert.equal(code, 0, err)
    assert.doesNotMatch(err, /unknown (?:command|option)/)
    assert.notEqual(out + err, '')
  })

test('explain names the table, the row with file and line, and what the wildcards took', async () => {
  const { out } = await run('explain --ip 198.51.100.7 --from kim@example.net --to lee@example.com --offline')
  assert.match(out, /^refused/)
  assert.match(out, /ORIG_SEND_ACCESS/)
  assert.match(out, /mappings:\d+/)
  assert.match(out, /kim@example\.net/)
})

test('explain shows a row that nearly matched', async () => {
  const { out } = await run('table probe ORIG_SEND_ACCESS tcp_local|kim@example.net|l|lee@example.com')
  assert.match(out, /nearly: mappings:\d+:\d+ wants "\|tcp_local\|", found "\|l\|"/)
})
