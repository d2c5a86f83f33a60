// SPDX-License-Identifier: Apache-2.0
/** Entry of the command line. The compile cache has to be on before anything else is loaded, so all else is imported late. */
import { enableCompileCache } from 'node:module'

enableCompileCache()
const { runCli } = await import('./run.ts')
process.exitCode = await runCli(process.argv.slice(2))
