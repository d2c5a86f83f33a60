// SPDX-License-Identifier: Apache-2.0
/** The language of scripts, with or without a configuration, and how scripts and messages are read. */
import { createReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { filterEngine, type OfSite, type SiteFilters } from '../config/site-filters.ts'
import { type CompileOptions, SIEVE_LEVELS, type SieveEngine, type SieveLevel } from '../sieve/index.ts'
import type { Cli } from './cli.ts'
import { UsageError } from './exit.ts'

/** Whose scripts, in which language and under which limits: what `compile` and templates take. */
export type Language = Required<Pick<CompileOptions, 'level' | 'limits'>> & { readonly engine: SieveEngine }

/** As the configuration sets it; where none loads, `postern check` says why, and the defaults hold. */
export async function siteFilters(cli: Cli): Promise<OfSite> {
  const directory = cli.directory()
  if (!(await isThere(join(directory, 'postern.yaml')))) return filterEngine()
  const { load } = await import('./configuration.ts')
  const { revision } = await load(directory)
  return revision?.filters ?? filterEngine()
}

export const siteLanguage = async (cli: Cli, level: SieveLevel): Promise<Language> =>
  languageOf(await siteFilters(cli), level)

export const languageOf = ({ engine, limits }: Pick<SiteFilters, 'engine' | 'limits'>, level: SieveLevel): Language => {
  return { engine, level, limits: limits[level] }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** @throws UsageError */
export function requireLevel(text: string): SieveLevel {
  const level = SIEVE_LEVELS.find((each) => each === text)
  if (level === undefined) throw new UsageError(`"${text}" is no level: ${SIEVE_LEVELS.join(', ')}`)
  return level
}

/** Octets of a message that are read; filters see fewer (`filters.content`). */
export const MAX_MESSAGE = 1 << 26
/** Octets of a script or template that are read; no script that is taken has so many. */
const MAX_SCRIPT = 1 << 22

/** @throws UsageError when there is no such file, or it has more than `most` octets: a device, as it were */
export async function readInput(cli: Cli, file: string, most: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let octets = 0
  try {
    for await (const piece of file === '-' ? cli.streams.stdin : createReadStream(file)) {
      pieces.push(Buffer.from(piece))
      octets += pieces.at(-1)?.length ?? 0
      if (octets > most) throw new UsageError(`${shownName(file)} has more than ${most} octets`)
    }
    return Buffer.concat(pieces)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR'))
      throw new UsageError(`${file} is no file that can be read`)
    throw error
  }
}

/** @throws UsageError when it is no UTF-8 */
export async function readScript(cli: Cli, file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readInput(cli, file, MAX_SCRIPT))
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`${file} is not UTF-8, which scripts are (RFC 5228 §2.1)`)
    throw error
  }
}

/** How a file is called in diagnostics. */
export const shownName = (file: string): string => (file === '-' ? 'standard input' : file)
