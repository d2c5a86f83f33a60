// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: every key is described; the JSON Schema says of stock channels what load says; the first configuration is
 * fine as written and never overwrites; the settings reference of the manual is what the schema says.
 */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { effectiveYaml } from './effective.ts'
import { initDirectory } from './init.ts'
import { childOf, configJsonSchema, type JsonSchema, kindOf, variantsOf, walkableSchema } from './json-schema.ts'
import { loadRevision } from './load.ts'
import { ConfigSchema } from './schema.ts'
import { STOCK_CHANNELS } from './schema-channels.ts'
import { settingsMarkdown } from './settings-reference.ts'

function undescribed(schema: JsonSchema, path: string): string[] {
  const missing = Object.keys(schema.properties ?? {}).flatMap((key) => {
    const child = childOf(schema, key)
    const at = `${path}.${key}`
    if (child === undefined) return [at]
    const said = /[.!?]$/.test(child.description ?? '')
    return [...(said || child.type === undefined ? [] : [at]), ...undescribed(child, at)]
  })
  const entries = [childOf(schema, ''), childOf(schema, 0)].filter((child) => child !== undefined)
  const variants = entries.flatMap((entry) => [entry, ...variantsOf(entry)])
  return [...missing, ...variants.flatMap((variant) => undescribed(variant, `${path}[${kindOf(variant)}]`))]
}

test('every key has a description that is a sentence', () => {
  const missing = undescribed(walkableSchema(), '')
  assert.deepEqual(missing, [])
})

test('JSON Schema: stock channels need no kind, others do', () => {
  const schema = configJsonSchema()
  const channels = schema.properties?.['channels']
  assert(typeof channels === 'object')
  assert.deepEqual(Object.keys(channels.properties ?? {}), Object.keys(STOCK_CHANNELS))
  assert.deepEqual(schema.$defs?.['stock-tcp']?.required ?? [], [])
  assert.deepEqual(schema.$defs?.['channel-tcp']?.required, ['kind'])
  // Every reference leads somewhere.
  for (const [, name] of JSON.stringify(schema).matchAll(/"#\/\$defs\/([^"]+)"/g))
    assert(schema.$defs?.[name ?? ''], name)
})

test('the first configuration is fine, and nothing is overwritten', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-init-'))
  t.after(() => rm(directory, { recursive: true }))
  for (const { name, hostname, want } of [
    { name: 'a', hostname: 'MX1.example.net', want: 'mx1.example.net' },
    { name: 'b', hostname: 'box', want: 'mail.example.org' },
    { name: 'c', hostname: 'no host; name', want: 'mail.example.org' },
  ]) {
    const result = await initDirectory(join(directory, name), hostname)
    assert(result.kind === 'written' && result.hostname === want)
    const { revision, diagnostics } = await loadRevision(join(directory, name), { now: Date.now })
    assert.deepEqual(diagnostics, [])
    assert.equal(revision?.config.server.hostname, want)
    assert.deepEqual(revision?.config.networks.own, [])
  }
  const again = await initDirectory(join(directory, 'a'), 'mx1.example.net')
  assert.equal(again.kind, 'exists')
})

test('an alias file that is there stops init before it writes anything', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-init-'))
  t.after(() => rm(directory, { recursive: true }))
  await writeFile(join(directory, 'aliases'), 'precious')
  const result = await initDirectory(directory, 'mx.example.org')
  assert.deepEqual(result, { kind: 'exists', file: join(directory, 'aliases') })
  await assert.rejects(readFile(join(directory, 'postern.yaml')), { code: 'ENOENT' })
})

test('what is commented out in the first configuration is fine too', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-init-'))
  t.after(() => rm(directory, { recursive: true }))
  await initDirectory(directory, 'mx.example.org')
  const text = await readFile(join(directory, 'postern.yaml'), 'utf8')
  const settings = text.replace(
    /^( *)# (?=(submissions?|tls|channels|routes| {2}certificate| {2}key| {2}ims-ms| {2}- ))/gm,
    '$1',
  )
  const parsed = ConfigSchema.parse({ ...parse(settings) })
  assert.deepEqual(Object.keys(parsed.listeners), ['mx', 'submission', 'submissions'])
  assert.equal(parsed.channels['ims-ms']?.kind, 'lmtp')
  assert.equal(parsed.routes[0]?.via, 'smtp.example.net:587')
  assert.equal(parsed.tls?.key, 'tls/key.pem')
})

test('the effective configuration, read again, is the same configuration', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-effective-'))
  t.after(() => rm(directory, { recursive: true }))
  const text =
    'server: { hostname: mx.example.org }\nlisteners: { mx: { service: smtp, port: 25 } }\nlimits: { received: 30 }\n'
  await writeFile(join(directory, 'postern.yaml'), text)
  const { revision } = await loadRevision(directory, { now: Date.now })
  assert(revision)
  const effective = effectiveYaml(revision)
  assert.match(effective, /^ {2}received: 30 # postern\.yaml:3$/m)
  assert.match(effective, /^ {2}expire: 5d # default$/m)
  await writeFile(join(directory, 'postern.yaml'), effective)
  const again = await loadRevision(directory, { now: Date.now })
  assert.deepEqual(again.diagnostics, [])
  assert.deepEqual(again.revision?.config, revision.config)
})

test('docs/manual/settings.md is what `postern schema --markdown` prints', async () => {
  const manual = await readFile(new URL('../../docs/manual/settings.md', import.meta.url), 'utf8')
  assert.equal(
    manual.trimEnd(),
    settingsMarkdown().trimEnd(),
    'run: postern schema --markdown > docs/manual/settings.md',
  )
})
