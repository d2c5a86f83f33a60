// SPDX-License-Identifier: Apache-2.0
/** `npm run NAME`: a program of this repository that is no test and no server, with the runtime it is written for. */
import { handOver, prepare } from './runtime.mjs'

const [file, ...args] = process.argv.slice(2)
if (file === undefined) throw new Error('usage: node scripts/run.mjs FILE [ARGUMENT…]')
await handOver(prepare(), [file, ...args])
