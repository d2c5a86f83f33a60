// SPDX-License-Identifier: Apache-2.0
/** Loads the configuration with every checker there is, and prints what is wrong with it. */
import { formatDiagnostics } from '../config/diagnostic.ts'
import { type Loaded, loadRevision } from '../config/load.ts'
import { FILE_CHECKERS } from '../directory/file-checkers.ts'
import type { Cli } from './cli.ts'

export const load = (directory: string): Promise<Loaded> =>
  loadRevision(directory, { now: Date.now, checkers: FILE_CHECKERS })

/** Prints diagnostics to standard error, where they do not spoil what is piped on. */
export function complainAbout({ diagnostics, sources }: Loaded, cli: Cli): void {
  if (diagnostics.length > 0) cli.complain(formatDiagnostics(diagnostics, sources, { color: cli.errorColor }))
}
