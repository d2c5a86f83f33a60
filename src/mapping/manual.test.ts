// SPDX-License-Identifier: Apache-2.0
/** Proves: the examples of docs/manual/mapping-tables.md load without a word and answer as the chapter says. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { loadMappings } from './load.ts'
import { runIn, verdict } from './tables.fixture.ts'

const chapter = readFileSync(new URL('../../docs/manual/mapping-tables.md', import.meta.url), 'utf8')
const examples = [...chapter.matchAll(/```mappings\n([\s\S]*?)```\n+```probes\n([\s\S]*?)```/g)]

test('the chapter has examples', () => {
  assert.ok(examples.length >= 5)
  assert.equal(examples.length, [...chapter.matchAll(/^```mappings/gm)].length)
})

for (const [, text = '', probes = ''] of examples) {
  const { mappings, problems } = loadMappings({ name: 'mappings', text })
  test(`no problems in ${text.split('\n')[0]}`, () => assert.deepEqual(problems, []))
  for (const line of probes.trim().split('\n'))
    test(line, () => {
      const [, table = '', probe = '', want] = /^(\S+) {2}(.*?) +=> {2}(.*)$/.exec(line) ?? []
      const { state, output, flags } = verdict(runIn(mappings, table, probe))
      assert.equal(state === 'NOMATCH' ? 'no row matches' : `${output}  {${flags}}`, want)
    })
}
