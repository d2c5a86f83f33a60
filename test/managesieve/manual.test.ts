// SPDX-License-Identifier: Apache-2.0
/** Proves: the conversations of docs/manual/managesieve.md go as they stand there, and its configuration is one. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { ConfigSchema } from '../../src/config/schema.ts'
import { startFixture } from './fixture.ts'
import { replay } from './replay.ts'
import { parseScript } from './script.ts'

const manual = readFileSync(new URL('../../docs/manual/managesieve.md', import.meta.url), 'utf8')
const blocks = (kind: string): readonly string[] =>
  [...manual.matchAll(new RegExp(`^\`\`\`${kind}\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text)

for (const [index, text] of blocks('conversation').entries())
  test(`conversation ${index + 1} of the manual`, async () => {
    const script = parseScript('managesieve.md', `GREETING\nSIGN-IN\n${text}`)
    await using fixture = await startFixture({ rules: script.rules })
    await replay(script, fixture)
  })

test('the configuration of the manual', () => {
  const [text = ''] = blocks('yaml')
  const given = ConfigSchema.parse({ server: { hostname: 'mx.example.org' }, listeners: {}, ...parse(text) })
  assert.equal(given.managesieve.listeners['sieve']?.port, 4190)
})

test('every setting of managesieve that the manual names is one', () => {
  const { managesieve } = ConfigSchema.parse({ server: { hostname: 'mx.example.org' }, listeners: {} })
  const named = [...manual.matchAll(/`managesieve\.([a-zA-Z]+)`/g)].map(([, name = '']) => name)
  assert.ok(named.length > 5)
  assert.deepEqual(
    named.filter((name) => !(name in managesieve)),
    [],
  )
})

test('there are conversations in the manual', () => assert.ok(blocks('conversation').length >= 2))
