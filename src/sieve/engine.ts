// SPDX-License-Identifier: Apache-2.0
/**
 * An engine: a set of extensions with their configuration and limits. Two engines in one process share nothing; what is
 * not asked for with `yield` comes in through the environment of a run.
 */
import { Checker } from './check/checker.ts'
import { type Diagnostic, Diagnostics, ScriptText } from './diagnostic.ts'
import { SIEVE_LIMITS, type SieveLimits } from './limits.ts'
import type { ConfigKey, SieveExtension } from './plugin.ts'
import type { Compiled, SieveProgram } from './program.ts'
import { answer, type Maybe, type SieveHost } from './questions.ts'
import { Registry } from './registry.ts'
import { type Configs, Context, type RunSupport, shareFor } from './run/context.ts'
import type { SieveRunResult } from './run/result.ts'
import { runToResult } from './run/run.ts'
import type { SieveEnvironment } from './run-context.ts'
import { parseCommands, parseScript } from './syntax/parse.ts'
import type { ScriptNode } from './syntax/tree.ts'

/** Of the saved form of a program. */
const SAVED_VERSION = 1

/** Included scripts that are kept compiled. */
const MAX_INCLUDED = 50

export interface SieveEngineOptions {
  readonly extensions: readonly SieveExtension[]
  readonly limits?: Partial<SieveLimits>
  /** By the name of the extension. */
  readonly config?: Readonly<Record<string, unknown>>
}

export interface CompileOptions {
  /** In diagnostics and traces; `script` when absent. */
  readonly name?: string
  /** Whose script it is (`WordDef.levels`): `user`, `system` … */
  readonly level?: string
  readonly limits?: Partial<SieveLimits>
}

export class SieveEngine {
  readonly registry: Registry
  readonly limits: SieveLimits
  readonly #configs = new Map<string, unknown>()
  readonly #support: RunSupport
  /** By level and name, the oldest first. */
  readonly #included = new Map<string, { readonly source: string; readonly compiled: Compiled }>()

  /** @throws Error when extensions collide or a configuration cannot be read */
  constructor({ extensions, limits = {}, config = {} }: SieveEngineOptions) {
    this.registry = new Registry(extensions)
    this.limits = { ...SIEVE_LIMITS, ...limits }
    for (const [name, value] of Object.entries(config)) this.reconfigure(name, value)
    this.#support = {
      registry: this.registry,
      config: (key) => this.config(key),
      compile: (source, name, level, configs) => this.#compileIncluded(source, name, level, configs),
    }
  }

  /** Capability strings of scripts of a level, for ManageSieve; of all without one. */
  capabilities(level?: string): readonly string[] {
    return this.registry.capabilities(level)
  }

  /** Puts a configuration in place for programs compiled and run from now on. @throws when it cannot be read */
  reconfigure(extension: string, value: unknown): void {
    const key = this.registry.extensions.get(extension)?.config
    if (key === undefined) throw new Error(`${extension} has no configuration`)
    this.#configs.set(extension, key.read(value))
    this.#included.clear()
  }

  config<T>(key: ConfigKey<T>): T {
    // `reconfigure` put there what the key itself read.
    return this.#configs.has(key.extension) ? (this.#configs.get(key.extension) as T) : key.defaults
  }

  /** The tree of a script, with what the grammar alone finds wrong. Never throws. */
  parse(
    source: string,
    options: CompileOptions = {},
  ): { readonly ast: ScriptNode; readonly diagnostics: readonly Diagnostic[] } {
    const limits = { ...this.limits, ...options.limits }
    const report = new Diagnostics(new ScriptText(source, options.name ?? 'script'), limits)
    const ast = parseScript(report, limits)
    return { ast, diagnostics: report.sorted() }
  }

  /** Everything that is wrong with a script, or a program. Never throws. */
  compile(source: string, options: CompileOptions = {}): Compiled {
    return this.#compile(source, options, new Map())
  }

  #compile(source: string, options: CompileOptions, configs: Configs): Compiled {
    const { name = 'script', level } = options
    const limits = { ...this.limits, ...options.limits }
    const report = new Diagnostics(new ScriptText(source, name), limits)
    const ast = (): ScriptNode => parseScript(new Diagnostics(report.script, limits), limits)
    const config = <T>(key: ConfigKey<T>): T =>
      configs.has(key.extension) ? (configs.get(key.extension) as T) : this.config(key)
    const checker = new Checker(report, {
      registry: this.registry,
      limits,
      config,
      ...(level === undefined ? {} : { level }),
    })
    const { block, enabled, perRecipient } = checker.check(parseCommands(report, limits), ast)
    const diagnostics = report.sorted()
    if (report.errors > 0) return { ok: false, diagnostics }
    const program: SieveProgram = {
      name,
      ok: true,
      source,
      ...(level === undefined ? {} : { level }),
      // Only who writes a script needs its tree: kept, it would be most of a program.
      get ast() {
        return ast()
      },
      block,
      diagnostics,
      extensionsUsed: [...enabled].filter((extension) => this.registry.extensions.has(extension)),
      enabled,
      perRecipient,
      fingerprint: this.registry.fingerprint(),
    }
    return { ok: true, program, diagnostics }
  }

  /** Scripts that many runs include are compiled once, as long as the configuration is the engine's. */
  #compileIncluded(source: string, name: string, level: string | undefined, configs: Configs): Compiled {
    const options: CompileOptions = { name, ...(level === undefined ? {} : { level }) }
    if (configs.size > 0) return this.#compile(source, options, configs)
    const key = `${level}/${name}`
    const known = this.#included.get(key)
    if (known?.source === source) return known.compiled
    const compiled = this.#compile(source, options, configs)
    this.#included.delete(key)
    if (this.#included.size >= MAX_INCLUDED) this.#included.delete(this.#included.keys().next().value ?? '')
    this.#included.set(key, { source, compiled })
    return compiled
  }

  /** A program as text, to keep beside the script. */
  save({ name, source, level, fingerprint }: SieveProgram): string {
    return JSON.stringify({ version: SAVED_VERSION, fingerprint, name, level, source })
  }

  /**
   * A program that was saved. Compiling takes microseconds a rule, so the script itself is what is kept, and it is compiled
   * again: a program of an engine with other extensions (`stale`) never runs as it was.
   * `undefined`: this was not saved by us.
   */
  load(saved: string): (Compiled & { readonly stale: boolean }) | undefined {
    const read = readSaved(saved)
    if (read === undefined) return undefined
    const { fingerprint, source, name, level } = read
    const compiled = this.compile(source, { name, ...(level === undefined ? {} : { level }) })
    return { ...compiled, stale: fingerprint !== this.registry.fingerprint() }
  }

  createRun(program: SieveProgram, environment: SieveEnvironment): SieveRun {
    const limits = environment.limits === undefined ? this.limits : { ...this.limits, ...environment.limits }
    const shared = shareFor(this.#support, environment, limits)
    return new SieveRun(new Context(program, environment, limits, shared, runToResult), program)
  }
}

/** One run of a program. Run it once. */
export class SieveRun {
  readonly #ctx: Context
  readonly #program: SieveProgram

  constructor(ctx: Context, program: SieveProgram) {
    this.#ctx = ctx
    this.#program = program
  }

  /** For engines: `yield* within(run.asking(), adapter)`. */
  asking(): Maybe<SieveRunResult> {
    return runToResult(this.#ctx, this.#program)
  }

  /** For tools and tests. Waits only where an answer has to be waited for. */
  execute(host: SieveHost = {}): SieveRunResult | Promise<SieveRunResult> {
    return answer(this.asking(), host, this.#ctx.environment.signal)
  }
}

function readSaved(saved: string): { fingerprint: string; name: string; source: string; level?: string } | undefined {
  let value: unknown
  try {
    value = JSON.parse(saved)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { version, fingerprint, name, source, level } = value as Record<string, unknown>
  if (version !== SAVED_VERSION || typeof fingerprint !== 'string') return undefined
  if (typeof name !== 'string' || typeof source !== 'string') return undefined
  return { fingerprint, name, source, ...(typeof level === 'string' ? { level } : {}) }
}
