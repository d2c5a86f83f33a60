// SPDX-License-Identifier: Apache-2.0
/** Proves: docs/manual/for-users.md: every command runs as it stands there, and prints what it says. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseRule } from '../policy/filters/rules/index.ts'
import { postern } from './fixture.ts'

const text = await readFile(new URL('../../docs/manual/for-users.md', import.meta.url), 'utf8')
const fences = [...text.matchAll(/^```([a-z]*)\n([\s\S]*?)^```$/gm)].map(([, kind = '', block = '']) => ({
  kind,
  block,
}))
const FILES: Readonly<Record<string, string>> = {
  sieve: 'soup.sieve',
  message: 'message.eml',
  wrong: 'wrong.sieve',
  template: 'newsletters.template',
}

/** Words as a shell makes them of this manual's commands: quotes keep blanks together. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([word]) => word.replaceAll('"', ''))

test('commands of the chapter run, and print what it says', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-for-users-'))
  const before = process.cwd()
  process.chdir(folder)
  t.after(async () => {
    process.chdir(before)
    await rm(folder, { recursive: true, force: true })
  })
  for (const { kind, block } of fences) {
    const name = FILES[kind]
    if (name !== undefined) await writeFile(join(folder, name), block)
  }
  const env = { POSTERN_CONFIG: folder }
  for (const args of [
    ['init', '--hostname', 'mx.example.org'],
    ['domain', 'add', 'example.org'],
    ['user', 'add', 'kim@example.org', '--no-password'],
  ])
    assert.equal((await postern(args, { env })).code, 0)
  let ran = 0
  for (const { block } of fences.filter(({ kind }) => kind === 'console'))
    for (const [, command = '', printed = ''] of block.matchAll(/^\$ postern (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
      const { code, out, err } = await postern(wordsOf(command), { env })
      const trimmed = (said: string): string => said.replace(/ +$/gm, '').trim()
      if (printed !== '') assert.equal(trimmed(err + out), trimmed(printed), command)
      assert.equal(code, printed.includes('error:') ? 1 : 0, `${command}: ${err}`)
      ran++
    }
  assert(ran >= 10)
  const stored = (await postern(['filter', 'get', 'kim@example.org', 'The cooks', '--stored'], { env })).out
  const shown = fences.find(({ kind }) => kind === 'stored')?.block ?? ''
  assert.equal(
    stored
      .replace(/"hash":"[^"]*"/, '"hash":"…"')
      .split('\n', 2)
      .join('\n'),
    shown.trim(),
  )
  assert.equal(parseRule(shown).name, 'The cooks')
})
