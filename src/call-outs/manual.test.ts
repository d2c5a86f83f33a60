// SPDX-License-Identifier: Apache-2.0
/** Proves: the examples of docs/manual/dns-lists.md load, and every call of a routine there is one that is known. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ManualClock } from '../clock/clock.ts'
import { loadRevision } from '../config/load.ts'
import { ConfigSchema } from '../config/schema.ts'
import { loadMappings } from '../mapping/index.ts'
import { silentLog } from '../monitor/log.ts'
import { EmbeddedCounters } from '../state/embedded-counters.ts'
import { siteCallOuts } from './site-call-outs.ts'

const text = await readFile(new URL('../../docs/manual/dns-lists.md', import.meta.url), 'utf8')
const fences = [...text.matchAll(/^```([a-z]*)\n([\s\S]*?)^```$/gm)]
const blocks = (kind: string) => fences.flatMap(([, of, block = '']) => (of === kind ? [block] : []))

test('settings in the manual load without a word', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-manual-'))
  t.after(() => rm(directory, { recursive: true }))
  const examples = blocks('yaml')
  assert.equal(examples.length, 5)
  for (const example of examples) {
    const site = 'server: { hostname: mx.example.org }\nlisteners: { mx: { service: smtp, port: 0 } }\n'
    await writeFile(join(directory, 'postern.yaml'), site + example)
    const { diagnostics } = await loadRevision(directory, { now: Date.now })
    assert.deepEqual(diagnostics, [], example)
  }
})

test('tables in the manual load, and call routines there are', () => {
  const config = ConfigSchema.parse({ server: { hostname: 'mx.example.org' }, listeners: {} })
  const callOuts = siteCallOuts({
    resolver: { lookup: async () => ({ kind: 'absent', why: 'nxdomain', ttlSeconds: 1 }) },
    counters: new EmbeddedCounters(new ManualClock()),
    config: () => config,
    log: silentLog,
  })
  const [table = ''] = blocks('')
  const { problems } = loadMappings({ name: 'mappings', text: table })
  assert.deepEqual(problems, [])
  const calls = [...text.matchAll(/(dns_verify|conn_throttle|check_metermaid)(?:\.so)?,([a-z_0-9]+)/g)]
  assert.ok(calls.length > 8)
  for (const [call, image = '', routine = ''] of calls) assert.ok(callOuts.get(image)?.has(routine), call)
})
