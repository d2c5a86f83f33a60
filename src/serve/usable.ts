// SPDX-License-Identifier: Apache-2.0
/** A configuration without errors, from its own files or from a saved copy, and what it is warned about. */
import { type Diagnostic, formatDiagnostics } from '../config/diagnostic.ts'
import { type Loaded, loadRevision } from '../config/load.ts'
import { loadSavedRevision } from '../config/saved-revision.ts'
import type { LoadedRevision } from '../config/where.ts'
import { FILE_CHECKERS } from '../directory/file-checkers.ts'
import type { Log } from '../monitor/log.ts'
import { failedTests } from './tested.ts'

export interface Usable {
  readonly revision: LoadedRevision
  /** Warnings. */
  readonly diagnostics: readonly Diagnostic[]
}

/** A configuration that does not load; the message holds the diagnostics, ready to print. */
export class ConfigurationRefused extends Error {
  override readonly name = 'ConfigurationRefused'
}

const OPTIONS = { now: Date.now, checkers: FILE_CHECKERS }

/** With its policy tests. @throws ConfigurationRefused */
export async function loadUsable(directory: string, before?: LoadedRevision): Promise<Usable> {
  const loaded = usable(await loadRevision(directory, withBefore(before)))
  const failed = await failedTests(loaded.revision)
  if (failed !== undefined) throw new ConfigurationRefused(failed)
  return loaded
}

/** @throws ConfigurationRefused, Error when the copy is damaged */
export const loadUsableCopy = async (folder: string, before?: LoadedRevision): Promise<Usable> =>
  usable(await loadSavedRevision(folder, withBefore(before)))

/** What did not change since is not compiled again. */
const withBefore = (before: LoadedRevision | undefined) => (before === undefined ? OPTIONS : { ...OPTIONS, before })

function usable({ revision, diagnostics, sources }: Loaded): Usable {
  if (revision !== undefined) return { revision, diagnostics }
  throw new ConfigurationRefused(formatDiagnostics(diagnostics, sources, { color: false }))
}

export const warningLine = ({ file, line, message }: Diagnostic): string => `${file}:${line}: warning: ${message}`

export function logWarnings({ diagnostics }: Usable, log: Log): void {
  for (const { code, file, line, column, message } of diagnostics)
    log.warn('configuration.warning', { code, at: `${file}:${line}:${column}`, message })
}
