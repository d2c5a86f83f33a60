// SPDX-License-Identifier: Apache-2.0
/** `npm start`: the demo site on loopback. Everything after `--` goes to `postern demo`. */
import { join } from 'node:path'
import { handOver, prepare, ROOT } from './runtime.mjs'

const node = prepare()
await handOver(node, [join(ROOT, 'src', 'cli', 'main.ts'), 'demo', ...process.argv.slice(2)])
