// SPDX-License-Identifier: Apache-2.0
/**
 * `npm test`: everything. `npm test -- WORD…` runs the test files whose path holds one of the words, and skips the
 * checks and the installation of peers. The last line reads `N passed, N failed, N skipped`.
 */
import { join } from 'node:path'
import { handOver, prepare, ROOT } from './runtime.mjs'

const node = prepare()
process.chdir(ROOT)
await handOver(node, [join(ROOT, 'test', 'run.ts'), ...process.argv.slice(2)])
