// SPDX-License-Identifier: Apache-2.0
/** What the Sieve engine says of a script, as text for its owner; and what it can do, as capabilities. */
import { glue } from '../policy/filters/rules/index.ts'
import { type Diagnostic, formatDiagnostic, type SieveEngine } from '../sieve/index.ts'
import type { Glue } from './scripts.ts'

export interface ScriptChecker {
  /** Text for people; empty where there is nothing to say. */
  check(text: string, name: string): { readonly errors: string; readonly warnings: string }
  readonly glue: Glue
  /** Capability strings of the language. */
  readonly extensions: readonly string[]
  /** Schemes that `notify` can send with (RFC 5804 §1.7, NOTIFY). */
  readonly notifyMethods: readonly string[]
  readonly maxRedirects: number
}

const LEVEL = 'user'
/** Of a script that is wrong all over, this much is shown: a reply is read by a person. */
const MAX_SHOWN = 20

/** @param maxOctets of a script; the engine has a limit of its own as well */
export function scriptChecker(engine: SieveEngine, maxOctets: number): ScriptChecker {
  const limits = { scriptBytes: maxOctets }
  return {
    check(text, name) {
      const { diagnostics } = engine.compile(text, { name, level: LEVEL, limits })
      const show = (severity: Diagnostic['severity']): string => {
        const all = diagnostics.filter((diagnostic) => diagnostic.severity === severity)
        const shown = all.slice(0, MAX_SHOWN).map((diagnostic) => formatDiagnostic(diagnostic, text))
        return [...shown, ...(all.length > MAX_SHOWN ? [`and ${all.length - MAX_SHOWN} more`] : [])].join('\n')
      }
      return { errors: show('error'), warnings: show('warning') }
    },
    glue: (values) => glue(values, { engine, level: LEVEL }).text,
    extensions: engine.capabilities(),
    notifyMethods: engine.registry.notifyMethods.names(),
    maxRedirects: engine.limits.redirects,
  }
}
