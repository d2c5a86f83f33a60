// SPDX-License-Identifier: Apache-2.0
/** What stands between the stages of the filters: how far each recipient is, and what all of them share. */
import type { ReversePath } from '../../address/address.ts'
import type { RecipientFilters } from '../../ask/filters.ts'
import type { Account } from '../../ask/questions.ts'
import type { Revision } from '../../config/revision.ts'
import type { OfSite } from '../../config/site-filters.ts'
import type { Carried } from '../../envelope/carried.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { MessageId } from '../../envelope/message-id.ts'
import type { Score, SieveMessage, SieveProgram } from '../../sieve/index.ts'
import type { GroupScripts, UserScripts } from './user-scripts.ts'
import type { ScriptRun, Walk } from './walk.ts'

export interface Filtering {
  readonly shared: Shared
  readonly walks: readonly Walk[]
  /** By index of the recipient: only users of ours at a channel that delivers. */
  readonly users: ReadonlyMap<number, User>
}

export interface User {
  readonly filters: RecipientFilters
  readonly scripts: UserScripts
  /** Of the groups that led to the user, the innermost first. */
  readonly groups: readonly GroupScripts[]
}

/** What scripts see of a message besides itself. */
export interface RunContext {
  readonly id: MessageId
  readonly revision: Revision
  /** Absent for what no client brought. */
  readonly client?: { readonly address: string; readonly port: number }
  readonly helo?: string
  readonly account?: Account
  readonly source: ChannelName
  readonly reversePath: ReversePath
  readonly ret?: 'full' | 'hdrs'
  readonly envid?: string
  readonly carried?: Carried
}

export interface Shared {
  readonly site: OfSite
  /** The message as it came; the first octets of a large one. */
  readonly message: SieveMessage
  /** Octets of it are missing: no script can put another text in its place. */
  readonly truncated: boolean
  readonly context: RunContext
  /** Wall-clock milliseconds of the message: one time for all scripts. */
  readonly now: number
  readonly kept: Map<SieveProgram, Kept[]>
}

/** A result that holds for every recipient whose message is seen alike. */
export interface Kept {
  readonly message: SieveMessage
  readonly spam: Score | undefined
  readonly flags: readonly string[] | undefined
  readonly run: ScriptRun
}
