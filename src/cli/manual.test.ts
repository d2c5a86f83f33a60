// SPDX-License-Identifier: Apache-2.0
/** Proves: docs/manual/command-line.md names every command there is and no other; examples of the configuration chapter load. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { Command } from 'commander'
import { parse, stringify } from 'yaml'
import { isRecord } from '../config/json-schema.ts'
import { loadRevision } from '../config/load.ts'
import { Cli } from './cli.ts'
import { buildProgram } from './run.ts'

const manual = (name: string): Promise<string> =>
  readFile(new URL(`../../docs/manual/${name}`, import.meta.url), 'utf8')

const leaves = (command: Command, prefix = ''): string[] =>
  command.commands
    .filter((sub) => sub.name() !== 'help')
    .flatMap((sub) => (sub.commands.length === 0 ? [prefix + sub.name()] : leaves(sub, `${prefix}${sub.name()} `)))

test('command names in code and manual are the same', async () => {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough(), env: {} }
  const code = leaves(await buildProgram(new Cli(streams), 'all'))
  const rows = (await manual('command-line.md')).matchAll(/^\| `postern ([a-z]+(?: [a-z]+)?)/gm)
  assert.deepEqual([...rows].map(([, name]) => name).sort(), code.sort())
})

test('options in the manual are options of the program', async () => {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough(), env: {} }
  const program = await buildProgram(new Cli(streams), 'all')
  const all = (command: Command): string[] => [
    ...command.options.map((option) => option.long ?? ''),
    ...command.commands.flatMap(all),
  ]
  const known = new Set([...all(program), '--help'])
  for (const [, option = ''] of (await manual('command-line.md')).matchAll(/`[^`\n]*(--[a-z-]+)/g))
    assert(known.has(option), option)
})

test('examples of the configuration chapter load', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-manual-'))
  t.after(() => rm(directory, { recursive: true }))
  const examples = [...(await manual('configuration.md')).matchAll(/```yaml\n([\s\S]*?)```/g)].map(
    ([, text]) => text ?? '',
  )
  assert(examples.length >= 5)
  for (const text of examples) {
    const given: unknown = parse(text) ?? {}
    assert(isRecord(given))
    const whole = {
      server: { hostname: 'mail.example.org' },
      listeners: { mx: { service: 'smtp', port: 25 } },
      ...given,
    }
    await writeFile(join(directory, 'postern.yaml'), stringify(whole))
    const { diagnostics } = await loadRevision(directory, { now: Date.now })
    // The files that an example names are not there; everything else is fine.
    assert.deepEqual(
      diagnostics.filter(({ code }) => code !== 'file-missing'),
      [],
      text,
    )
  }
})
