// SPDX-License-Identifier: Apache-2.0
/** A run as words of the language see it: what the host gave it, what they can look at, ask and do. */
import type { Action, ActionList, NewAction } from './action.ts'
import type { SieveEnvelope } from './envelope.ts'
import type { SieveLimits } from './limits.ts'
import type { SieveMessage } from './message.ts'
import type { Place } from './place.ts'
import type { Args, ConfigKey, EnvelopePartDef, ModifierDef, NotifyMethodDef } from './plugin.ts'
import type { Compiled, SieveProgram } from './program.ts'
import type { Maybe } from './questions.ts'
import type { AskFound } from './run/ask-found.ts'
import type { Ended } from './run/ended.ts'
import type { SieveRunResult } from './run/result.ts'

/** Something kept during a run; `init` makes the first one. */
export interface Slot<T> {
  readonly name: string
  init(): T
}

export interface SieveEnvironment {
  readonly message: SieveMessage
  readonly envelope?: SieveEnvelope
  /** Items of RFC 5183 and private ones, names in lower case. */
  readonly items?: ReadonlyMap<string, string>
  /** Actions of scripts that ran before on this message; conflicts with them drop the later action. */
  readonly previous?: readonly Action[]
  /** Flags that scripts before set, RFC 5232 §3. */
  readonly flags?: readonly string[]
  /** Addresses that are the owner's, the main one first: vacation and `redirect` look at them. */
  readonly owner?: readonly string[]
  /** Minutes east of Greenwich of the server at a time, for `date`; UTC when absent. */
  readonly offsetMinutes?: (ms: number) => number
  /** Instead of the question `now`. */
  readonly clock?: () => number
  readonly limits?: Partial<SieveLimits>
  /** Milliseconds since any moment: the wall-clock limit counts when it is there. */
  readonly stopwatch?: () => number
  readonly signal?: AbortSignal
  /** Gets each step as it happens. Absent: no trace, and no cost. */
  readonly trace?: (step: TraceStep) => void
  /** The trace gets tests that held alone: of a long script that is next to nothing. */
  readonly traceHeld?: boolean
}

/** One test or command that was reached. Texts are cut to 200 characters. */
export interface TraceStep extends Place {
  readonly step: 'test' | 'command' | 'action' | 'note'
  readonly name: string
  /** Tests: what came out. */
  readonly result?: boolean
  /** Comparisons, at most 16: a value of the message, and the key that matched it. */
  readonly compared?: readonly { readonly value: string; readonly key?: string }[]
  /** Keys that were looked for. */
  readonly keys?: readonly string[]
  readonly text?: string
}

export interface LogEntry {
  readonly severity: 'error' | 'warning' | 'info'
  readonly phase: 'compile' | 'runtime' | 'execute'
  readonly code: string
  readonly message: string
  readonly script: string
  readonly line: number
  readonly column: number
}

export interface VariableScope {
  get(name: string): string
  set(name: string, value: string): void
  /** From here on this name means the global variable. False: it has a value already. */
  share(name: string): boolean
  /** `${0}`, `${1}` …, of the last match that succeeded in this script. */
  matched(index: number): string
  setMatched(captures: readonly string[]): void
}

/** What a word can see and do in a run. */
export interface RunContext {
  /** What tests look at and edits change: the message, or a part that is presented as one. */
  readonly message: SieveMessage
  /** The message itself: what actions take, and rules about replies look at. */
  readonly whole: SieveMessage
  /** Puts another message in place; what was kept of the old one by `perMessage` goes. */
  replaceMessage(message: SieveMessage): void
  /** Shows a part as the message from here on, or the message itself again; gives what was shown before. */
  present(part: SieveMessage | undefined): SieveMessage | undefined
  readonly envelope: SieveEnvelope
  setEnvelope(envelope: SieveEnvelope): void
  readonly environment: SieveEnvironment
  readonly limits: SieveLimits
  /** The actions so far, in order; open for reading and changing. */
  readonly actions: ActionList
  readonly variables: VariableScope
  /** Shared by all scripts of the run. */
  readonly globals: VariableScope
  /** Entries so far, in order. */
  readonly log: LogEntry[]
  /** Set while a trace is kept: comparisons of the running test go here. */
  compared: { value: string; key?: string }[] | undefined
  /** The internal variable of RFC 5232; `undefined` while no script spoke of flags. */
  flags: readonly string[] | undefined

  enabled(extension: string): boolean
  config<T>(key: ConfigKey<T>): T
  /** Kept for the run, for the script (an included one has its own), for the message. */
  perRun<T>(slot: Slot<T>): T
  perScript<T>(slot: Slot<T>): T
  perMessage<T>(slot: Slot<T>): T

  /** Counts work. Ends the run when there was too much. */
  spend(steps: number): void
  /** Asks; an answer "defer" ends the run as deferred. */
  readonly ask: AskFound
  /** The time of the run: the same all through it. */
  now(): Maybe<number>

  /** Takes an action into the list; conflicts and duplicates as its definition says. */
  act(action: NewAction, args: Args): void
  /** Ends the run with an error of this script. */
  fail(code: string, message: string, args?: Args): never
  note(severity: LogEntry['severity'], code: string, message: string, args?: Args): void

  /** Ends the blocks of this program up to the one that takes the token. */
  interrupt(token: unknown): Ended
  /** Compiles a text as the running script was; its diagnostics come back, the run goes on. */
  compile(source: string, name: string): Compiled
  /** Runs another program now: with its own list of actions, or adding to this one. */
  runProgram(program: SieveProgram, options?: { readonly result?: 'new' | 'append' }): Maybe<SieveRunResult>
  /** Runs a block of another script within this run, as `include` does. */
  runScript(program: SieveProgram): Maybe<Ended>
  environmentItem(name: string): string | undefined
  notifyMethod(scheme: string): NotifyMethodDef | undefined
  envelopePart(name: string): EnvelopePartDef | undefined
  /** All there are, the one that is applied first in front. */
  modifiers(): readonly ModifierDef[]
  supports(extension: string): boolean
  reconfigure(extension: string, value: unknown): void
}
