// SPDX-License-Identifier: Apache-2.0
/** A line that a row of a table or a setting asked to have written (spec access-control.md 3.2, 4; filters.md 7): plain data, safe for one line. */

export interface Note {
  /**
   * `syslog`: `$<` and `$>`. `connection`: a record of the connection log (LOG_CONNECTION). `debug`: `$U` asked for
   * debugging at this level. `loop`: a message is held for its loop count (held_sndopr).
   */
  readonly kind: 'syslog' | 'connection' | 'debug' | 'loop'
  readonly facility: 'user' | 'mail'
  readonly severity: 'warning' | 'notice' | 'info' | 'debug'
  /** Without control characters, at most a few hundred of them. */
  readonly text: string
  /** `PORT_ACCESS mappings:12:3`: which row or setting asked. */
  readonly by: string
  /** Id of the session, and of the message where there is one. */
  readonly session: string
  readonly message?: string
  /** The client's address; absent for mail that came from no client. */
  readonly client?: string
}
