// SPDX-License-Identifier: Apache-2.0
/** What a run came to. */
import type { Action } from '../action.ts'
import type { HeaderEdit, SieveMessage } from '../message.ts'
import type { LogEntry } from '../run-context.ts'

export interface SieveRunResult {
  /**
   * `error`: RFC 5228 §2.10.6, the message is kept and its owner told. `limit`: the same, for a limit. `deferred`: an
   * answer was "try later"; run again later. `interrupted`: a plug-in ended the program from the inside.
   */
  readonly status: 'ok' | 'error' | 'limit' | 'deferred' | 'aborted' | 'interrupted'
  readonly error?: { readonly code: string; readonly message: string; readonly line: number; readonly script: string }
  /** Of `deferred`: one line for the log. */
  readonly cause?: string
  readonly token?: unknown
  /** In order. After an error those gathered so far, for people to see; they must not be carried out. */
  readonly actions: readonly Action[]
  /** The message goes to the inbox: nothing took it elsewhere, or the script failed. */
  readonly implicitKeep: boolean
  /** The flags of the implicit keep, RFC 5232 §3. */
  readonly flags: readonly string[]
  /** What `addheader` and `deleteheader` did, in order. Single actions have their own: `Action.message`. */
  readonly headerEdits: readonly HeaderEdit[]
  /** As it stands at the end, edits made. */
  readonly message: SieveMessage
  readonly log: readonly LogEntry[]
  readonly usage: { readonly steps: number; readonly wallMs?: number }
  /** Something was looked at that differs between recipients: the result holds for this one alone. */
  readonly perRecipient: boolean
}
