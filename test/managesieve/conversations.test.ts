// SPDX-License-Identifier: Apache-2.0
/**
 * Every conversation file in this folder, against a server in this process: whole, and with the client's octets cut in
 * pieces of 1, 3 and 17. Each must end without a line nobody expected, and without a bug on our side.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startFixture } from './fixture.ts'
import { replay } from './replay.ts'
import { parseScript } from './script.ts'

const folder = import.meta.dirname
const files = readdirSync(folder).filter((name) => name.endsWith('.txt'))

for (const file of files) {
  const script = parseScript(file, readFileSync(join(folder, file), 'utf8'))
  test(file, { concurrency: true }, async (t) => {
    assert.ok(script.cites.length > 0, `${file} cites no RFC section`)
    for (const cut of script.wholeOnly ? [0] : [0, 1, 3, 17])
      await t.test(cut === 0 ? 'whole' : `cut in ${cut}`, async () => {
        await using fixture = await startFixture({ config: script.config, rules: script.rules })
        await replay(script, fixture, cut)
        assert.deepEqual(
          fixture.events.filter(({ event }) => event === 'managesieve.fault'),
          [],
        )
      })
  })
}

test('there are conversations', () => assert.ok(files.length >= 20, `${files.length} files`))
