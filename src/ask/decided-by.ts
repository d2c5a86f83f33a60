// SPDX-License-Identifier: Apache-2.0
/**
 * What made a verdict: the answer to "why". Every step of a trace names one (design 2.2).
 */
import type { FilterLevel } from '../envelope/filtered.ts'

/** A place in a file of the configuration directory. Lines and columns count from 1. */
export interface SourceRef {
  /** Relative to the configuration directory. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** The line itself, at most 200 characters, so that a trace explains itself when the file has changed. */
  readonly text: string
}

export type DecidedBy =
  /** A setting that stands in a file. `setting` is its path: `channels.tcp_local.relay`. */
  | { readonly by: 'config'; readonly setting: string; readonly at: SourceRef }
  /** A setting nobody set. `value` as it would be written. */
  | { readonly by: 'default'; readonly setting: string; readonly value: string }
  /** An entry of the directory: `user kim@example.org`, `alias sales@example.org`; with its place where it came from a file. */
  | { readonly by: 'directory'; readonly entry: string; readonly at?: SourceRef }
  /**
   * A mapping table. `row` is the row's name, which stays when the file around it changes; both are absent where no row
   * had anything to say.
   */
  | { readonly by: 'table'; readonly table: string; readonly row?: string; readonly at?: SourceRef }
  /**
   * A line of a filter (spec filters.md 1). `script` as envelope/filtered.ts names it; `line` is absent where none
   * of its lines decided. `at`: where it is a file of the configuration directory.
   */
  | {
      readonly by: 'filter'
      readonly level: FilterLevel
      readonly script: string
      readonly line?: number
      readonly text?: string
      readonly at?: SourceRef
    }
  /** The protocol itself: `RFC 5321 §4.1.1.3`. */
  | { readonly by: 'protocol'; readonly rule: string }
  /** A rule of the house that no file can switch off, named where it is built: `relay guard`. */
  | { readonly by: 'built-in'; readonly rule: string; readonly at?: SourceRef }
  /** Another system's answer. */
  | { readonly by: 'remote'; readonly host: string; readonly reply: string }
  /** A person, through the control socket. */
  | { readonly by: 'operator'; readonly command: string }
