// SPDX-License-Identifier: Apache-2.0
/** What the Sieve engine says of a script, as text for its owner; and what it can do, as capabilities. */

import type { SiteFilters } from '../config/site-filters.ts'
import { glue } from '../policy/filters/rules/index.ts'
import { type Diagnostic, formatDiagnostic } from '../sieve/index.ts'
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

/** For scripts of users, in the language and under the limits they will run with. */
export function scriptChecker({ engine, limits: { user } }: Pick<SiteFilters, 'engine' | 'limits'>): ScriptChecker {
  const limits = { ...engine.limits, ...user }
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
    glue: (values) => glue(values, { engine, level: LEVEL, limits }).text,
    extensions: engine.capabilities(LEVEL),
    notifyMethods: engine.registry.notifyMethods.names(),
    maxRedirects: limits.redirects,
  }
}
