// SPDX-License-Identifier: Apache-2.0
/** The list of what is not built, in docs/specifications.md, is true. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { STAGES } from './stages.ts'

test('docs/specifications.md names just the stages that are not built', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'specifications.md'), 'utf8')
  const listed = text
    .slice(text.indexOf('are not built:') + 'are not built:'.length)
    .replace(/\s+/g, ' ')
    .trim()
  const planned = Object.values(STAGES).flatMap((stages) =>
    stages.filter((stage) => !('run' in stage || 'judge' in stage)).map(({ name }) => name),
  )
  assert.equal(listed, `${planned.join(', ')}.`)
})

test('every stage says what it decides and by what', () => {
  for (const stage of Object.values(STAGES).flat()) {
    assert.notEqual(stage.decides, '')
    assert.match(stage.reference, /RFC|spec|design/)
  }
})
