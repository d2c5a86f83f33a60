// SPDX-License-Identifier: Apache-2.0
/** A compiled script: what an engine runs, and what it keeps of it on disk. */
import type { CompiledBlock } from './compiled.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { ScriptNode } from './syntax/tree.ts'

export interface SieveProgram {
  readonly name: string
  readonly ok: true
  readonly source: string
  readonly level?: string
  /** Read again each time. */
  readonly ast: ScriptNode
  readonly block: CompiledBlock
  /** Warnings alone. */
  readonly diagnostics: readonly Diagnostic[]
  /** Required, implied ones too. */
  readonly extensionsUsed: readonly string[]
  readonly enabled: ReadonlySet<string>
  /** Results differ between recipients of a message: run once for each. Otherwise once for the message is enough. */
  readonly perRecipient: boolean
  /** Of the engine that compiled it. */
  readonly fingerprint: string
}

export type Compiled =
  | { readonly ok: true; readonly program: SieveProgram; readonly diagnostics: readonly Diagnostic[] }
  | {
      readonly ok: false
      readonly program?: undefined
      readonly diagnostics: readonly Diagnostic[]
    }
