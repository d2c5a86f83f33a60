// SPDX-License-Identifier: Apache-2.0
/**
 * Actions: what a script wants done, gathered in a list and carried out later. Their definitions have the fields of the
 * registry of RFC 9122, and say how they get on with those taken before.
 */
import type { SieveMessage } from './message.ts'
import type { Place } from './place.ts'
import type { RunContext } from './run-context.ts'
import type { ActionStart } from './services/services.ts'

/** What each kind of action has. Plug-ins add theirs by declaration merging. */
export interface ActionArgs {
  keep: StoreArgs
  fileinto: FileintoArgs
  redirect: RedirectArgs
  discard: Record<string, never>
  reject: { readonly reason: string }
  ereject: { readonly reason: string }
  vacation: VacationArgs
  notify: NotifyArgs
  /** Remember this, RFC 7352; only once everything else was done. */
  duplicate: { readonly id: string; readonly seconds: number }
}

export interface StoreArgs {
  /** Absent where flags were not spoken of. */
  readonly flags?: readonly string[]
}

export interface FileintoArgs extends StoreArgs {
  readonly mailbox: string
  readonly copy: boolean
  readonly create: boolean
  /** `\Junk`: a mailbox with this attribute if there is one, RFC 8579. */
  readonly specialUse?: string
  /** This mailbox if it exists, RFC 9042. */
  readonly mailboxId?: string
}

export interface RedirectArgs {
  readonly address: string
  readonly copy: boolean
  /** `redirect :list`: `address` is the name of a list, RFC 6134, and these are in it; absent for one address. */
  readonly members?: readonly string[]
  /** RFC 6009; absent where the script does not say. */
  readonly notify?: readonly string[]
  readonly ret?: 'FULL' | 'HDRS'
  /** RFC 6009 §6: seconds from now, or a time in milliseconds. */
  readonly byTimeRelative?: number
  readonly byTimeAbsolute?: number
  readonly byMode?: 'R' | 'N'
  readonly byTrace?: boolean
  /** Resent-Date, Resent-From and Resent-To are put in front; absent where the host decides. */
  readonly resent?: boolean
}

export interface FccArgs {
  readonly mailbox: string
  readonly create: boolean
  readonly flags?: readonly string[]
  readonly specialUse?: string
  readonly mailboxId?: string
}

export interface VacationArgs {
  readonly reason: string
  readonly mime: boolean
  readonly subject?: string
  readonly from?: string
  /** Whom the reply goes to: the envelope's sender. */
  readonly to: string
  readonly seconds: number
  /** With the sender: what is remembered, so that nobody is answered twice within `seconds`. */
  readonly handle: string
  readonly fcc?: FccArgs
  /** RFC 5230 §4: why no reply may be sent, if so. Nothing is remembered then. */
  readonly suppressed?: string
}

export interface NotifyArgs {
  readonly uri: string
  readonly from?: string
  readonly importance: '1' | '2' | '3'
  readonly options: readonly string[]
  readonly message?: string
  /** What `denotify` of the old `notify` knows it by. */
  readonly id?: string
  readonly fcc?: FccArgs
  readonly suppressed?: string
}

export type ActionKind = keyof ActionArgs

export interface Action<K extends ActionKind = ActionKind> extends Place {
  readonly kind: K
  readonly args: ActionArgs[K]
  readonly def: ActionDef
  /** The message as it was when the action was taken, edits made. */
  readonly message: SieveMessage
  readonly cancelsImplicitKeep: boolean
  /** Taken by a script that ran before this one. */
  readonly earlier: boolean
  /** Carried out already in this run. */
  executed: boolean
}

export const isAction = <K extends ActionKind>(action: Action, kind: K): action is Action<K> & Action =>
  action.kind === kind

export interface NewAction<K extends ActionKind = ActionKind> {
  readonly kind: K
  readonly args: ActionArgs[K]
  /** Instead of what the definition says: `:copy` keeps the message. */
  readonly cancelsImplicitKeep?: boolean
}

/** What becomes of a new action beside those before it. */
export type Taken =
  | { readonly taken: 'add' }
  /** It is one of those before: that one stays in its place, with these arguments. */
  | { readonly taken: 'merge'; readonly into: Action; readonly args: ActionArgs[ActionKind] }
  | { readonly taken: 'drop'; readonly warning?: string }
  | { readonly taken: 'error'; readonly code: string; readonly message: string }

export interface ActionDef {
  readonly name: ActionKind
  readonly cancelsImplicitKeep: boolean
  /** Kinds it cannot stand beside, in either order. */
  readonly conflictsWith?: readonly ActionKind[]
  /** Counted against this limit. */
  readonly limit?: 'redirects' | 'fileintos' | 'vacations' | 'notifies' | 'rejects' | 'addtags'
  /** It takes the message without what `enclose` put around it, RFC 5703 §6. */
  readonly unenclosed?: boolean
  /** It delivers nothing: counted as `internalActions`, not among the actions of a run. */
  readonly internal?: boolean
  onAdd?(action: Action, previous: readonly Action[], ctx: RunContext): Taken
  /** How it is carried out. Absent: the host does it, and `executeActions` says so. */
  readonly start?: ActionStart
}

/** The actions of a run. */
export class ActionList {
  #list: Action[] = []

  get all(): readonly Action[] {
    return this.#list
  }

  add(action: Action): void {
    this.#list.push(action)
  }

  replace(old: Action, by: Action): void {
    this.#list = this.#list.map((action) => (action === old ? by : action))
  }

  remove(action: Action): void {
    this.#list = this.#list.filter((other) => other !== action)
  }

  /** Forgets all. */
  reset(): void {
    this.#list = []
  }

  /** Nothing took the message from the inbox. */
  get implicitKeep(): boolean {
    return !this.#list.some(({ cancelsImplicitKeep, earlier }) => cancelsImplicitKeep && !earlier)
  }
}
