// SPDX-License-Identifier: Apache-2.0
/**
 * What a row may do when it matches, as far as its template says: whether the operation ends, which flags it leaves.
 * Look-ups may succeed or fail; what call-outs and the general table give is read as a template again, so it may set any
 * flag. Says more than can happen where it cannot know, never less.
 */
import type { Control, Template, TemplateNode } from '../../mapping/template.ts'

export interface RowOutcome {
  /** It wrote something and set flags; otherwise it failed and set none. */
  readonly succeeds: boolean
  /** `any`: whatever was found may say. */
  readonly flags: ReadonlySet<string> | 'any'
  /** How the operation goes on; `undefined`: it ends. */
  readonly next: Control | 'any' | undefined
}

/** @param unset input flags that are certainly not set; others may be */
export function outcomesOf({ nodes }: Template, unset: ReadonlySet<string>): readonly RowOutcome[] {
  const walk = new Walk(unset)
  if (walk.over(nodes)) walk.succeeds()
  return walk.outcomes
}

class Walk {
  readonly outcomes: RowOutcome[] = []
  readonly #unset: ReadonlySet<string>
  #flags: ReadonlySet<string> | 'any' = new Set()
  #next: Control | 'any' | undefined

  constructor(unset: ReadonlySet<string>) {
    this.#unset = unset
  }

  /** Whether what follows may come to pass. */
  over(nodes: readonly TemplateNode[]): boolean {
    return nodes.every((node) => this.#node(node))
  }

  succeeds(): void {
    this.outcomes.push({ succeeds: true, flags: this.#flags, next: this.#next })
  }

  #node(node: TemplateNode): boolean {
    switch (node.kind) {
      case 'text':
      case 'field':
      case 'case':
      case 'ldap-quote':
        return true
      case 'flag':
        if (this.#flags !== 'any') this.#flags = new Set([...this.#flags, node.flag])
        return true
      case 'control':
        this.#next = node.control === 'E' ? undefined : node.control
        return true
      case 'broken':
        this.#fails()
        return false
      case 'if-flag': {
        const known = this.#unset.has(node.flag)
        if (!known || node.set) this.#fails()
        return !known || !node.set
      }
      case 'general':
      case 'call':
        if (!this.over(node.argument)) return false
        this.#fails()
        this.#flags = 'any'
        this.#next = 'any'
        return true
      case 'chance':
      case 'sequence':
      case 'url':
      case 'table':
      case 'domain':
        if (!this.over(node.argument)) return false
        this.#fails()
        return true
      default:
        return node satisfies never
    }
  }

  /** A failure leaves no flags, and a control that stood before it counts (spec mapping-tables.md 4.2). */
  #fails(): void {
    this.outcomes.push({ succeeds: false, flags: new Set(), next: this.#next })
  }
}
