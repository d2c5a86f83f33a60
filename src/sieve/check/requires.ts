// SPDX-License-Identifier: Apache-2.0
/** What a script requires, RFC 5228 §3.2: extensions known so far, those that something needed, and those nobody did. */
import type { Diagnostics } from '../diagnostic.ts'
import type { Span } from '../place.ts'
import { allowedAt, type Registry } from '../registry.ts'
import { suggest } from './suggest.ts'

/** RFC 5228 §2.7.3: these need no `require`. */
const BUILT_IN = ['', 'comparator-i;octet', 'comparator-i;ascii-casemap']

export class Requires {
  readonly enabled: Set<string>
  readonly #registry: Registry
  readonly #level: string | undefined
  /** What something in the script asked for. */
  readonly #needed = new Set<string>()
  readonly #written: { readonly extension: string; readonly span: Span }[] = []

  /** @param from required from the beginning */
  constructor(registry: Registry, level: string | undefined, from: readonly string[]) {
    this.#registry = registry
    this.#level = level
    this.enabled = new Set([...BUILT_IN, ...from.flatMap((name) => registry.withImplied(name))])
    for (const { name, always } of registry.extensions.values()) if (always === true) this.enabled.add(name)
  }

  /** Who asks needs it. */
  has(extension: string): boolean {
    this.#needed.add(extension)
    return this.enabled.has(extension)
  }

  /** RFC 5463 §4. */
  supports(extension: string): boolean {
    const known = this.#registry.extensions.get(extension)
    if (known !== undefined) return known.ihave !== false && allowedAt(known.levels, this.#level)
    return extension !== '' && BUILT_IN.includes(extension)
  }

  /** False: it cannot be had, which was reported. */
  add(extension: string, span: Span, written: boolean, report: Diagnostics): boolean {
    const registry = this.#registry
    const known = registry.extensions.get(extension)
    const wrong = (code: string, message: string): false => {
      report.error('validate', code, span, message)
      return false
    }
    if (known === undefined && !BUILT_IN.includes(extension)) {
      const hint = suggest(extension, registry.extensions.keys())
      return wrong('unknown-extension', `there is no extension ${JSON.stringify(extension.slice(0, 80))}${hint}`)
    }
    if (!allowedAt(known?.levels, this.#level))
      return wrong('not-allowed', `"${extension}" is not allowed in a ${this.#level} script`)
    const other = registry.besides(extension).find((name) => this.enabled.has(name))
    if (other !== undefined) return wrong('conflict', `"${extension}" and "${other}" cannot be required together`)
    for (const name of registry.withImplied(extension)) this.enabled.add(name)
    if (known?.deprecated !== undefined)
      report.warning('validate', 'deprecated', span, `"${extension}" is old: ${known.deprecated}`)
    if (written) this.#written.push({ extension, span })
    return true
  }

  /** RFC 5228 §3.2 allows them; it is a word left over, or a rule that is not what its author thinks. */
  reportIdle(report: Diagnostics): void {
    for (const { extension, span } of this.#written) {
      // What needs no `require` may have one.
      if (BUILT_IN.includes(extension) || this.#registry.extensions.get(extension)?.always === true) continue
      if (!this.#registry.withImplied(extension).some((name) => this.#needed.has(name)))
        report.warning('validate', 'unused-require', span, `"${extension}" is required, and nothing here needs it`)
    }
  }
}
