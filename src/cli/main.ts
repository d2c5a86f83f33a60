// SPDX-License-Identifier: Apache-2.0
/** Entry of the command line. */
import { runCli } from './run.ts'

process.exitCode = await runCli(process.argv.slice(2))
