// SPDX-License-Identifier: Apache-2.0
/**
 * A policy revision is a value (design 2.3): every file of the configuration directory, read once, checked, and
 * named by the hash of its bytes. A transaction keeps the revision it began with.
 */
import type { Brand } from '../address/address.ts'
import type { Srs } from '../address/srs.ts'
import type { DecidedBy } from '../ask/decided-by.ts'
import type { Config } from './schema.ts'
import type { SiteFilters } from './site-filters.ts'
import type { SiteTables } from './site-tables.ts'

/** The first twelve hexadecimal digits of SHA-256 over names and bytes of the files. */
export type RevisionId = Brand<string, 'RevisionId'>

export interface Revision {
  readonly id: RevisionId
  /** Absolute path of the configuration directory. Relative paths in `config` have been resolved against it. */
  readonly directory: string
  readonly config: Config
  /** Mapping tables and the general table; absent: none, as with a file without tables. */
  readonly tables?: SiteTables
  /** Filters of channels and of the MTA, with the engine for those of users; absent: an engine with the default limits, and none. */
  readonly filters?: SiteFilters
  /** Sender rewriting; absent: none. */
  readonly srs?: Srs
  /**
   * What to name when a setting decided: its place in the file, or that it is a default. The path is that of the
   * configuration: `where('channels', 'tcp_local', 'relay')`, `where('routes', 2)`. A setting of a stock channel that
   * no file names is a default.
   */
  where(...path: readonly (string | number)[]): DecidedBy
}
