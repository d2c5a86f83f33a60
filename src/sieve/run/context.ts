// SPDX-License-Identifier: Apache-2.0
/** A run at work: see `RunContext` of plugin.ts. Programs run within it have contexts of their own that share its budget. */
import { ActionList, type NewAction } from '../action.ts'
import type { SieveEnvelope } from '../envelope.ts'
import { limitCode, type SieveLimits } from '../limits.ts'
import type { SieveMessage } from '../message.ts'
import type { Args, ConfigKey, EnvelopePartDef, ModifierDef, NotifyMethodDef } from '../plugin.ts'
import type { Compiled, SieveProgram } from '../program.ts'
import { askHost, type Maybe, then } from '../questions.ts'
import { allowedAt, type Registry } from '../registry.ts'
import type { LogEntry, RunContext, SieveEnvironment, Slot, VariableScope } from '../run-context.ts'
import { askFound } from './ask-found.ts'
import { Budget } from './budget.ts'
import type { Ended } from './ended.ts'
import { SieveFault } from './fault.ts'
import { runCommands } from './interpreter.ts'
import type { SieveRunResult } from './result.ts'
import { takeAction } from './take-action.ts'
import { Variables } from './variables.ts'

/** What a run needs of its engine. */
export interface RunSupport {
  readonly registry: Registry
  readonly compile: (source: string, name: string, level: string | undefined, config: Configs) => Compiled
  readonly config: <T>(key: ConfigKey<T>) => T
}

export type Configs = ReadonlyMap<string, unknown>

/** Kept things by their slot. The cast is the one place where a slot meets its type. */
class Slots {
  readonly #kept = new Map<Slot<unknown>, unknown>()
  /** The one asked for last: most words of a script ask for the same. */
  #slot: Slot<unknown> | undefined
  #last: unknown

  get<T>(slot: Slot<T>): T {
    if (slot === this.#slot) return this.#last as T
    let kept = this.#kept.get(slot)
    if (kept === undefined) {
      kept = slot.init()
      this.#kept.set(slot, kept)
    }
    this.#slot = slot
    this.#last = kept
    return kept as T
  }

  clear(): void {
    this.#kept.clear()
    this.#slot = undefined
    this.#last = undefined
  }
}

/** One script at work; an included one has its own (RFC 6609 §3.1: variables). */
interface Frame {
  readonly program: SieveProgram
  readonly variables: Variables
  readonly slots: Slots
}

/** What runs within runs share. */
export interface Shared {
  readonly support: RunSupport
  readonly budget: Budget
  readonly log: LogEntry[]
  readonly configs: Map<string, unknown>
  now: number | undefined
}

export const shareFor = (support: RunSupport, environment: SieveEnvironment, limits: SieveLimits): Shared => ({
  support,
  budget: new Budget(limits, environment.stopwatch, environment.signal),
  log: [],
  configs: new Map(),
  now: undefined,
})

export class Context implements RunContext {
  readonly environment: SieveEnvironment
  readonly limits: SieveLimits
  readonly ask = askFound
  readonly actions: ActionList
  readonly globals: Variables
  readonly shared: Shared
  compared: { value: string; key?: string }[] | undefined = undefined
  flags: readonly string[] | undefined = undefined
  perRecipient: boolean
  #message: SieveMessage
  #presented: SieveMessage | undefined
  #envelope: SieveEnvelope
  #frame: Frame
  #depth = 0
  readonly #perRun = new Slots()
  readonly #perMessage = new Slots()
  readonly #runInner: (ctx: Context, program: SieveProgram) => Maybe<SieveRunResult>

  constructor(
    program: SieveProgram,
    environment: SieveEnvironment,
    limits: SieveLimits,
    shared: Shared,
    runInner: (ctx: Context, program: SieveProgram) => Maybe<SieveRunResult>,
    actions = new ActionList(),
  ) {
    this.environment = environment
    this.limits = limits
    this.shared = shared
    this.actions = actions
    this.perRecipient = program.perRecipient
    this.#message = environment.message
    this.#envelope = environment.envelope ?? {}
    this.#runInner = runInner
    this.globals = new Variables(limits)
    this.flags = environment.flags
    for (const action of environment.previous ?? []) actions.add({ ...action, earlier: true })
    this.#frame = this.#frameOf(program)
  }

  #frameOf(program: SieveProgram): Frame {
    return { program, variables: new Variables(this.limits, this.globals), slots: new Slots() }
  }

  get message(): SieveMessage {
    return this.#presented ?? this.#message
  }

  get whole(): SieveMessage {
    return this.#message
  }

  replaceMessage(message: SieveMessage): void {
    if (this.#presented === undefined) this.#message = message
    else this.#presented = message
    this.#perMessage.clear()
  }

  present(part: SieveMessage | undefined): SieveMessage | undefined {
    const before = this.#presented
    this.#presented = part
    this.#perMessage.clear()
    return before
  }

  get envelope(): SieveEnvelope {
    return this.#envelope
  }

  setEnvelope(envelope: SieveEnvelope): void {
    this.#envelope = envelope
  }

  get variables(): VariableScope {
    return this.#frame.variables
  }

  get log(): LogEntry[] {
    return this.shared.log
  }

  enabled(extension: string): boolean {
    return this.#frame.program.enabled.has(extension)
  }

  config<T>(key: ConfigKey<T>): T {
    const { configs, support } = this.shared
    // `reconfigure` put there what the key itself read.
    return configs.has(key.extension) ? (configs.get(key.extension) as T) : support.config(key)
  }

  reconfigure(extension: string, value: unknown): void {
    const key = this.shared.support.registry.extensions.get(extension)?.config
    if (key === undefined) this.fail('configuration', `${extension} has no configuration`)
    this.shared.configs.set(extension, key.read(value))
    // What was derived of the message may have followed the old one.
    this.#perMessage.clear()
  }

  perRun<T>(slot: Slot<T>): T {
    return this.#perRun.get(slot)
  }

  perScript<T>(slot: Slot<T>): T {
    return this.#frame.slots.get(slot)
  }

  perMessage<T>(slot: Slot<T>): T {
    return this.#perMessage.get(slot)
  }

  spend(steps: number): void {
    this.shared.budget.spend(steps)
  }

  now(): Maybe<number> {
    const { shared } = this
    if (shared.now !== undefined) return shared.now
    const { clock } = this.environment
    return then(clock === undefined ? askHost({ ask: 'now' }) : clock(), (now) => {
      shared.now = now
      return now
    })
  }

  act(action: NewAction, args: Args): void {
    takeAction(this, this.shared.support.registry, action, args)
  }

  fail(code: string, message: string, args?: Args): never {
    throw new SieveFault(code.startsWith('limit-') ? 'limit' : 'error', code, message, args?.place)
  }

  note(severity: LogEntry['severity'], code: string, message: string, args?: Args): void {
    const { script = this.#frame.program.name, line = 0, column = 0 } = args?.place ?? {}
    if (this.log.length < this.limits.logEntries)
      this.log.push({ severity, phase: 'runtime', code, message, script, line, column })
  }

  interrupt(token: unknown): Ended {
    return { how: 'interrupted', token }
  }

  compile(source: string, name: string): Compiled {
    const { support, configs } = this.shared
    return support.compile(source, name, this.#frame.program.level, configs)
  }

  runProgram(program: SieveProgram, options: { readonly result?: 'new' | 'append' } = {}): Maybe<SieveRunResult> {
    this.#deeper()
    const environment = { ...this.environment, message: this.message, envelope: this.#envelope }
    const list = options.result === 'append' ? this.actions : new ActionList()
    const inner = new Context(program, environment, this.limits, this.shared, this.#runInner, list)
    return then(this.#runInner(inner, program), (result) => {
      this.#depth--
      return result
    })
  }

  /** Failing is not undone: the run is over then. */
  runScript(program: SieveProgram): Maybe<Ended> {
    this.#deeper()
    const outer = this.#frame
    this.#frame = this.#frameOf(program)
    this.perRecipient ||= program.perRecipient
    return then(runCommands(this, program.block), (ended) => {
      this.#frame = outer
      this.#depth--
      return ended
    })
  }

  runMain(program: SieveProgram): Maybe<Ended> {
    return runCommands(this, program.block)
  }

  #deeper(): void {
    const { includeDepth, includes } = this.limits
    if (++this.#depth > includeDepth)
      this.fail(limitCode('includeDepth'), `scripts include each other more than ${includeDepth} deep`)
    if (++this.shared.budget.includes > includes) this.fail(limitCode('includes'), `more than ${includes} includes`)
  }

  environmentItem(name: string): string | undefined {
    const def = this.shared.support.registry.environmentItems.get(name)?.def
    return def === undefined ? this.environment.items?.get(name.toLowerCase()) : def.value(this)
  }

  notifyMethod(scheme: string): NotifyMethodDef | undefined {
    return this.shared.support.registry.notifyMethods.get(scheme)?.def
  }

  envelopePart(name: string): EnvelopePartDef | undefined {
    return this.shared.support.registry.envelopePart(name, this.#frame.program.level)
  }

  modifiers(): readonly ModifierDef[] {
    return this.shared.support.registry.modifiers
  }

  supports(extension: string): boolean {
    const known = this.shared.support.registry.extensions.get(extension)
    return known !== undefined && known.ihave !== false && allowedAt(known.levels, this.#frame.program.level)
  }
}
