// SPDX-License-Identifier: Apache-2.0
/** The language of a site for commands that need no configuration, and how scripts and messages are read. */
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import {
  type CompileOptions,
  LEVEL_LIMITS,
  SIEVE_LEVELS,
  SITE_EXTENSIONS,
  SieveEngine,
  type SieveLevel,
} from '../sieve/index.ts'
import type { Cli } from './cli.ts'
import { UsageError } from './exit.ts'

export const siteEngine = (): SieveEngine => new SieveEngine({ extensions: SITE_EXTENSIONS })

export const atLevel = (level: SieveLevel): Required<Pick<CompileOptions, 'level' | 'limits'>> => ({
  level,
  limits: LEVEL_LIMITS[level],
})

/** @throws UsageError */
export function requireLevel(text: string): SieveLevel {
  const level = SIEVE_LEVELS.find((each) => each === text)
  if (level === undefined) throw new UsageError(`"${text}" is no level: ${SIEVE_LEVELS.join(', ')}`)
  return level
}

/** @throws UsageError when there is no such file */
export async function readInput(cli: Cli, file: string): Promise<Buffer> {
  if (file === '-') return await buffer(cli.streams.stdin)
  try {
    return await readFile(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR'))
      throw new UsageError(`${file} is no file that can be read`)
    throw error
  }
}

/** @throws UsageError when it is no UTF-8 */
export async function readScript(cli: Cli, file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readInput(cli, file))
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`${file} is not UTF-8, which scripts are (RFC 5228 §2.1)`)
    throw error
  }
}

/** How a file is called in diagnostics. */
export const shownName = (file: string): string => (file === '-' ? 'standard input' : file)
