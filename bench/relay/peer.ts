// SPDX-License-Identifier: Apache-2.0
/** What the benchmark needs of a relay: to be there, to be started with a folder and two ports, to be ended. */

export interface Place {
  /** A folder of this peer alone, on the disk. */
  readonly folder: string
  /** Where it is to listen, on 127.0.0.1. */
  readonly port: number
  /** Its smart host, on 127.0.0.1. */
  readonly sinkPort: number
}

/** A program that stays in the foreground and ends on SIGTERM. */
export interface Program {
  readonly command: readonly [string, ...string[]]
  readonly env?: NodeJS.ProcessEnv
}

export type Availability =
  | { readonly available: true; readonly version: string }
  | { readonly available: false; readonly why: string }

export interface Peer {
  readonly name: string
  /** May install what is needed, into a temporary folder. */
  prepare(): Promise<Availability>
  /** Writes its configuration. */
  configure(place: Place): Promise<Program>
}
