// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run check`: types (tsc), lint, format and import layers (Biome). A checker that saw no files would be
 * content with everything, so each must show that it saw the files that are there.
 */
import { spawnSync } from 'node:child_process'
// By name it would be a mistake of syntax on Node 20, which has no globSync.
import * as fs from 'node:fs'
import { join } from 'node:path'
import { handOver, prepare, ROOT } from './runtime.mjs'

const node = prepare()
if (node !== process.execPath) await handOver(node, [join(ROOT, 'scripts', 'check.mjs')])
process.chdir(ROOT)

const ours = fs.globSync(['{src,test,bench}/**/*.ts', '{scripts,bin}/**/*.mjs'])
const typed = fs.globSync('{src,test,bench}/**/*.ts')
let failed = false

const biome = run('biome', [
  'ci',
  '--colors=off',
  '--max-diagnostics=200',
  '--diagnostic-level=warn',
  '--error-on-warnings',
  '.',
])
const seen = Number(/Checked (\d+) files?/.exec(biome.text)?.[1] ?? 0)
report('biome', biome, seen, ours.length)

const tsc = run('tsc', ['-p', '.', '--listFiles', '--pretty', 'false'])
const listed = tsc.text.split('\n').filter((line) => line.startsWith(ROOT) && !line.includes('node_modules'))
tsc.text = tsc.text
  .split('\n')
  .filter((line) => !line.startsWith('/') && !/^[A-Z]:/.test(line))
  .join('\n')
report('tsc', tsc, listed.length, typed.length)
process.exit(failed ? 1 : 0)

function run(tool, args) {
  const done = spawnSync(join(ROOT, 'node_modules', '.bin', tool), args, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { ...process.env, NO_COLOR: '1' },
  })
  return { status: done.status, text: `${done.stdout}${done.stderr}` }
}

function report(tool, { status, text }, sawFiles, thereAre) {
  if (status !== 0) process.stdout.write(`${text.trim()}\n`)
  const enough = sawFiles >= thereAre
  process.stdout.write(
    `${tool}: ${status === 0 ? 'fine' : 'findings'}; it saw ${sawFiles} files of ${thereAre}${enough ? '' : ': TOO FEW, the check is void'}\n`,
  )
  if (status !== 0 || !enough) failed = true
}
