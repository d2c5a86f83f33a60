// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: what the chapters Mapping tables, Access control and Never be a relay show besides tables runs as it stands:
 * pieces of postern.yaml, the general table, the alias file, and opening the relay guard on purpose.
 */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { stringify } from 'yaml'
import { postern } from './fixture.ts'

const chapter = (name: string): Promise<string> =>
  readFile(new URL(`../../docs/manual/${name}.md`, import.meta.url), 'utf8')

/** The fenced blocks of a language; without one those that name none. */
const blocks = (text: string, language = ''): readonly string[] =>
  [...text.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)].flatMap(([, of, block = '']) => (of === language ? [block] : []))

const SERVER = stringify({
  server: { hostname: 'mail.example.org' },
  listeners: { mx: { service: 'smtp', port: 25 } },
})

async function folder(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'postern-examples-'))
  t.after(() => rm(made, { recursive: true }))
  await mkdir(join(made, 'spool'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(made, name), text)
  return made
}

for (const name of ['access-control', 'never-be-a-relay'])
  test(`pieces of postern.yaml in ${name}.md load`, async (t) => {
    const pieces = blocks(await chapter(name), 'yaml')
    assert.ok(pieces.length > 0)
    for (const piece of pieces) {
      const { code, out, err } = await postern(['check', await folder(t, { 'postern.yaml': SERVER + piece })])
      assert.equal(code, 0, out + err)
    }
  })

test('opening it on purpose takes the setting and the row, and opens for that domain alone', async (t) => {
  const text = await chapter('never-be-a-relay')
  const [setting = ''] = blocks(text, 'yaml')
  const [mappings = ''] = blocks(text, 'mappings')
  const both = await folder(t, { 'postern.yaml': SERVER + setting, mappings })
  const rowAlone = await folder(t, { 'postern.yaml': SERVER, mappings })
  const settingAlone = await folder(t, { 'postern.yaml': SERVER + setting })
  for (const [site, to, verdict] of [
    [both, 'lee@friend.example', 'accepted'],
    [both, 'lee@example.com', 'refused'],
    [rowAlone, 'lee@friend.example', 'refused'],
    [settingAlone, 'lee@friend.example', 'refused'],
  ] as const) {
    const asked = `explain --ip 198.51.100.7 --from kim@example.net --to ${to} --offline --expect ${verdict}`
    const { code, out, err } = await postern(['--config', site, ...asked.split(' ')])
    assert.equal(code, 0, out + err)
  }
})

test('the general table answers the row that the chapter shows', async (t) => {
  const text = await chapter('mapping-tables')
  const section = text.slice(text.indexOf('## The general table'))
  const [general = ''] = blocks(section)
  const [, row = ''] = /A row `([^`\n]*\$E)`/.exec(section) ?? []
  const site = await folder(t, { general, mappings: `FROM_ACCESS\n\n  ${row}\n  *  $Yother\n` })
  const files = ['--mappings', join(site, 'mappings'), '--general', join(site, 'general')]
  for (const [sender, output, flags] of [
    ['noisy@example.net', '-200', 'DY'],
    ['EX@example.com', 'no longer with us', 'N'],
    ['kim@example.org', 'other', 'Y'],
  ]) {
    const { out, err } = await postern(['table', 'probe', 'FROM_ACCESS', `${sender}|x`, ...files, '--json'])
    assert.notEqual(out, '', err)
    const answer: unknown = JSON.parse(out)
    assert.ok(typeof answer === 'object' && answer !== null && 'output' in answer && 'flags' in answer)
    assert.deepEqual([answer.output, answer.flags], [output, flags], sender)
  }
})

test('the mailing list that the chapter shows loads', async (t) => {
  const text = await chapter('access-control')
  const [aliases = ''] = blocks(text.slice(text.indexOf('## Mailing lists')))
  assert.match(aliases, /^announce: /)
  const site = await folder(t, {
    'postern.yaml': SERVER,
    'staff.txt': 'kim@example.org\n',
    mappings: 'MAY_POST\n\n  *@example.org  $Y\n',
    aliases,
  })
  const { code, out, err } = await postern(['check', site])
  assert.equal(code, 0, out + err)
  assert.doesNotMatch(out + err, /aliases:/)
})
