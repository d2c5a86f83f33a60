// SPDX-License-Identifier: Apache-2.0
/** What lies where in the spool folder: one place for the server and for the tools that look in. */
import { join } from 'node:path'

export interface SpoolPaths {
  readonly queue: string
  readonly history: string
  readonly directory: string
  /** What is being worked on, for the next start after a crash (queue/in-hand.ts). */
  readonly inHand: string
}

export const spoolPaths = (spool: string): SpoolPaths => ({
  queue: join(spool, 'queue'),
  history: join(spool, 'history'),
  directory: join(spool, 'directory.sqlite'),
  inHand: join(spool, 'in-hand'),
})
