// SPDX-License-Identifier: Apache-2.0
/**
 * A person's rules (policy/filters/rules) as ManageSieve shows them: scripts with names, one of them active at most
 * (RFC 5804 §1.1). Pure: from stored values to stored values.
 *
 * A script is one value: disabled (`Order=0`) while it is not active. Rules made from a template belong to the form
 * they were made with: they are not shown, not changed, and go on running. Where several other rules are on, as in a
 * directory that was filled by other programs, what runs is shown as one script, RULES; activating another one turns
 * all of them off, and writing RULES makes one of them.
 */
import { parseRule, printRule, type Rule } from '../policy/filters/rules/index.ts'
import { problemOf } from './script-name.ts'

export interface Script {
  readonly name: string
  readonly active: boolean
  readonly text: string
}

export type Change =
  | { readonly kind: 'changed'; readonly values: readonly string[] }
  | { readonly kind: 'nonexistent' }
  | { readonly kind: 'exists' }
  | { readonly kind: 'active' }
  /** It stands for several rules. */
  | { readonly kind: 'several' }

/** What several active rules are called together. */
const RULES = 'rules'

/** Makes one script of values that are all on, as it is run. */
export type Glue = (values: readonly string[]) => string

interface Entry extends Script {
  /** Indices of the values behind it. */
  readonly of: readonly number[]
}

export class Scripts {
  readonly #values: readonly string[]
  readonly #rules: readonly Rule[]
  readonly #entries: readonly Entry[]

  constructor(values: readonly string[], glue: Glue) {
    this.#values = values
    this.#rules = values.map(parseRule)
    this.#entries = entriesOf(values, this.#rules, glue)
  }

  /** In the order they are stored. */
  list(): readonly Script[] {
    return this.#entries
  }

  get(name: string): Script | undefined {
    return this.#entry(name)
  }

  /** A new script is not active; one that is there keeps its state. */
  put(name: string, text: string): Change {
    const entry = this.#entry(name)
    const [first] = entry?.of ?? []
    if (entry === undefined && this.#isTemplates(name)) return { kind: 'exists' }
    if (entry === undefined || first === undefined)
      return changed([...this.#values, printRule({ order: 0, name, text })])
    const { order } = this.#rules[first] ?? { order: undefined }
    const written = printRule({ order: entry.active ? activeOrder(order) : 0, name, text })
    return changed(this.#values.flatMap((value, i) => (i === first ? written : entry.of.includes(i) ? [] : value)))
  }

  /** @param name `''`: none is active any more */
  activate(name: string): Change {
    const entry = this.#entry(name)
    if (name !== '' && entry === undefined) return { kind: 'nonexistent' }
    if (entry?.active === true) return changed(this.#values)
    // What was active tells the place among the rules of templates.
    const before = this.#entries.find(({ active }) => active)?.of[0]
    const place = before === undefined ? undefined : activeOrder(this.#rules[before]?.order)
    const turned = this.#values.map((value, i) => {
      const holder = this.#entries.find(({ of }) => of.includes(i))
      if (holder === undefined || (holder !== entry && !holder.active)) return value
      const { text = '', name: own } = this.#rules[i] ?? {}
      return printRule({ order: holder === entry ? place : 0, text, ...(own === undefined ? {} : { name: own }) })
    })
    // What was written keeps the name it is shown with.
    const shown = entriesOf(turned, turned.map(parseRule), () => '')
    return changed(
      turned.map((value, i) => {
        const now = value === this.#values[i] ? undefined : shown.find(({ of }) => of.length === 1 && of.includes(i))
        return now === undefined ? value : printRule({ ...parseRule(value), name: now.name })
      }),
    )
  }

  delete(name: string): Change {
    const entry = this.#entry(name)
    if (entry === undefined) return { kind: 'nonexistent' }
    if (entry.active) return { kind: 'active' } // RFC 5804 §2.10
    return changed(this.#values.filter((_, i) => !entry.of.includes(i)))
  }

  rename(from: string, to: string): Change {
    const entry = this.#entry(from)
    if (entry === undefined) return { kind: 'nonexistent' }
    if (this.#entry(to) !== undefined || this.#isTemplates(to)) return { kind: 'exists' } // RFC 5804 §2.11
    if (entry.of.length > 1) return { kind: 'several' }
    return changed(
      this.#values.map((value, i) => (entry.of.includes(i) ? printRule({ ...parseRule(value), name: to }) : value)),
    )
  }

  #entry(name: string): Entry | undefined {
    return this.#entries.find((entry) => entry.name === name)
  }

  /** Names are one for all rules, shown here or not. */
  #isTemplates(name: string): boolean {
    return this.#rules.some((rule) => rule.template !== undefined && rule.name?.normalize('NFC') === name)
  }
}

const changed = (values: readonly string[]): Change => ({ kind: 'changed', values })

/** 0 would turn it off. */
const activeOrder = (order: number | undefined): number | undefined => (order === 0 ? undefined : order)

function entriesOf(values: readonly string[], rules: readonly Rule[], glue: Glue): readonly Entry[] {
  const shown = rules.flatMap((rule, index) => (rule.template === undefined ? [{ rule, index }] : []))
  const on = shown.filter(({ rule }) => rule.order !== 0)
  const together = on.length > 1 ? on.map(({ index }) => index) : []
  const single = shown.filter(({ index }) => !together.includes(index))
  const taken = new Set<string>(together.length === 0 ? [] : [RULES])
  // Names that people gave come before names that are made up.
  const named = new Map<number, string>()
  for (const { rule, index } of single) {
    // As clients' names are read (script-name.ts), whoever wrote it.
    const name = rule.name?.normalize('NFC')
    if (name === undefined || problemOf(name) !== undefined || taken.has(name)) continue
    taken.add(name)
    named.set(index, name)
  }
  const entries = single.map(({ rule, index }): Entry => {
    const name = named.get(index) ?? firstFree(taken, index + 1)
    taken.add(name)
    return { name, active: rule.order !== 0, text: rule.text, of: [index] }
  })
  if (together.length === 0) return entries
  const text = glue(together.map((index) => values[index] ?? ''))
  return [{ name: RULES, active: true, text, of: together }, ...entries]
}

function firstFree(taken: ReadonlySet<string>, from: number): string {
  for (let number = from; ; number++) {
    const name = `rule ${number}`
    if (!taken.has(name)) return name
  }
}
