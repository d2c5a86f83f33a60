#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
/** The command line of a checkout: finds Node 24 and runs src/cli/main.ts with it. Begins on any Node from 20 on. */
import { existsSync } from 'node:fs'
// By name it would be a mistake of syntax on Node 20, which has none.
import * as nodeModule from 'node:module'
import { join } from 'node:path'
import { isTrusted } from '../scripts/compile-cache.mjs'
import { findNode, handOver, prepare, ROOT } from '../scripts/runtime.mjs'

// For this process and those it starts. In the checkout: what lies in a folder of everybody's could be anybody's code.
if (process.env.NODE_COMPILE_CACHE === undefined) {
  const folder = join(ROOT, 'node_modules', '.cache', 'postern-compiled')
  if (isTrusted(folder)) process.env.NODE_COMPILE_CACHE = folder
}
const main = join(ROOT, 'src', 'cli', 'main.ts')
// One package stands for all: the cache above makes the folder.
const node = existsSync(join(ROOT, 'node_modules', 'commander')) ? findNode() : prepare()
if (node === process.execPath) {
  process.argv[1] = main
  // Without a folder it would take one under the system's temporary folder.
  if (process.env.NODE_COMPILE_CACHE !== undefined) nodeModule.enableCompileCache()
  await import(main)
} else {
  await handOver(node, [main, ...process.argv.slice(2)])
}
