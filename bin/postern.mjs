#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
/** The command line of a checkout: finds Node 24 and runs src/cli/main.ts with it. */
import { join } from 'node:path'
import { findNode, handOver, ROOT } from '../scripts/runtime.mjs'

const main = join(ROOT, 'src', 'cli', 'main.ts')
const node = findNode()
if (node === process.execPath) {
  process.argv[1] = main
  await import(main)
} else {
  handOver(node, [main, ...process.argv.slice(2)])
}
