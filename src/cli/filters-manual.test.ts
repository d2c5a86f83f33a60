// SPDX-License-Identifier: Apache-2.0
/** Proves: the scripts, settings and tests of docs/manual/filters.md are what they say they are. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { ConfigSchema } from '../config/schema.ts'
import { postern } from './fixture.ts'

const chapter = await readFile(new URL('../../docs/manual/filters.md', import.meta.url), 'utf8')
const blocks = [...chapter.matchAll(/^```(\w+) ?(\S*)\n(.*?)^```/gms)].map(([, kind = '', name = '', text = '']) => {
  return { kind, name, text }
})

test('the example of the chapter does what its tests expect', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-manual-filters-'))
  try {
    const config = ['--config', folder]
    for (const name of ['filters', 'tests']) await mkdir(join(folder, name))
    await writeFile(
      join(folder, 'postern.yaml'),
      'server: { hostname: mx.example.org }\nlisteners: { mx: { service: smtp, address: "127.0.0.1", port: 0 } }\n',
    )
    const ran = async (args: readonly string[], stdin = '') => {
      const { code, out, err } = await postern([...args, ...config], { stdin })
      assert.equal(code, 0, out + err)
      return out
    }
    await ran(['domain', 'add', 'example.org'])
    await ran(['user', 'add', 'kim@example.org', '--password-stdin'], 'a long enough secret\n')
    const files = blocks.filter(({ name }) => name !== '')
    assert.equal(files.length, 4)
    for (const { name, text } of files)
      if (name.includes('@')) await ran(['filter', 'put', name, 'mine'], text)
      else await writeFile(join(folder, name), text)
    assert.match(await ran(['check']), /fine/)
    const { code, out, err } = await postern(['test', folder])
    assert.equal(code, 0, out + err)
    assert.match(out, /^3 tests, all fine$/m)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('the settings of the chapter are settings', () => {
  const [settings] = blocks.filter(({ kind, name }) => kind === 'yaml' && name === '')
  const given: Record<string, unknown> = parse(settings?.text ?? '')
  const config = ConfigSchema.parse({
    server: { hostname: 'mx.example.org' },
    listeners: {},
    ...given,
    channels: { 'ims-ms': { kind: 'maildir', ...Object(Object(given['channels'])['ims-ms']) } },
  })
  assert.equal(config.filters.content, 8 << 20)
})
