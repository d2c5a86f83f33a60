// SPDX-License-Identifier: Apache-2.0
/**
 * Scripts that others may include with `include :global`, RFC 6609 §3.2: the files NAME.sieve of one folder. They are a
 * part of the revision as all scripts of the site are. The name in a script is never made into a path: what is in the
 * folder is read, and a name is looked for among that.
 */
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isScriptName } from '../sieve/index.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { ConfigFile, ReadConfigFile } from './files.ts'
import { type ConfigInput, valueAt } from './input.ts'
import { placeOf } from './place.ts'
import type { YamlSource } from './yaml-source.ts'

/** Where they are when the site names no folder. */
export const GLOBAL_SCRIPTS = 'filters/global'
const SETTING = ['filters', 'global'] as const
const ENDING = '.sieve'

/** Far more than a site has; each is read and compiled with every revision. */
const MAX_SCRIPTS = 500

/** Names of files in a folder; `undefined`: there is no such folder. */
export type ListFolder = (path: string) => Promise<readonly string[] | undefined>

export const listFolder: ListFolder = (path) =>
  readdir(path).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  })

/** `filters/global/spam.sieve` is `spam`. */
export const globalScriptName = (path: string): string => path.slice(path.lastIndexOf('/') + 1, -ENDING.length)

export async function readGlobalScripts(
  directory: string,
  source: YamlSource,
  input: ConfigInput,
  read: ReadConfigFile,
  list: ListFolder,
): Promise<{ readonly files: readonly ConfigFile[]; readonly diagnostics: readonly Diagnostic[] }> {
  const written = valueAt(input.value, SETTING)
  // Another type is told of by the schema.
  if (written !== undefined && typeof written !== 'string') return { files: [], diagnostics: [] }
  const named = written ?? GLOBAL_SCRIPTS
  const folder = resolve(directory, named)
  const wrong = (code: 'file-missing' | 'file-unreadable' | 'file-too-large', what: string): Diagnostic => ({
    code,
    severity: 'error',
    file: source.file,
    ...placeOf(source, input, SETTING, 'value'),
    message: `\`filters.global\` names ${folder}, ${what}`,
  })
  let names: readonly string[] | undefined
  try {
    names = await list(folder)
  } catch (error) {
    return {
      files: [],
      diagnostics: [wrong('file-unreadable', error instanceof Error ? error.message : String(error))],
    }
  }
  if (names === undefined)
    return { files: [], diagnostics: named === GLOBAL_SCRIPTS ? [] : [wrong('file-missing', 'which is not there')] }
  const scripts = names.filter((name) => name.endsWith(ENDING) && isScriptName(globalScriptName(name))).toSorted()
  if (scripts.length > MAX_SCRIPTS)
    return { files: [], diagnostics: [wrong('file-too-large', `which has more than ${MAX_SCRIPTS} scripts`)] }
  const files: ConfigFile[] = []
  const diagnostics: Diagnostic[] = []
  for (const name of scripts) {
    const done = await read(directory, 'global-filter', join(folder, name))
    if (done.kind === 'read') files.push(done.file)
    // Deleted meanwhile: as if it had never been there.
    else if (done.kind === 'refused')
      diagnostics.push(
        wrong(
          done.code === 'file-too-large' ? done.code : 'file-unreadable',
          `where ${name} cannot be read: ${done.why}`,
        ),
      )
  }
  return { files, diagnostics }
}
