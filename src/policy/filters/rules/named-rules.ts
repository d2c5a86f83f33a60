// SPDX-License-Identifier: Apache-2.0
/**
 * A person's rules by name, for tools and forms: every value is one, with or without a template, on or off. Pure: from
 * stored values to stored values; a value that is not spoken of keeps every octet. (ManageSieve shows the same values
 * as scripts of which one is active: managesieve/scripts.ts.)
 *
 * Names are compared in the composed form of Net-Unicode (RFC 5198 §2), as ManageSieve does, and written in it.
 *
 * A value without a name of its own, or with one that another has, is called by its place: `rule 3`. As soon as it is
 * written it keeps that name.
 */
import { MAX_RULES, runOrder } from './glue.ts'
import { isRuleName, parseRule, printRule, type Rule } from './rule.ts'

export interface NamedRule {
  readonly name: string
  readonly rule: Rule
  /** Of the value, from 0. */
  readonly index: number
  /** When it runs, from 1; 0: it is off. */
  readonly place: number
}

export type RulesChange =
  | { readonly kind: 'changed'; readonly values: readonly string[] }
  | { readonly kind: 'absent'; readonly name: string }
  | { readonly kind: 'refused'; readonly why: string }

/** In the order they run; those that are off at the end. */
export function namedRules(values: readonly string[]): readonly NamedRule[] {
  const places = new Map(runOrder(values).map((index, i) => [index, i + 1]))
  const rules = values.map(parseRule)
  const names = namesOf(rules)
  const named = rules.map((rule, index): NamedRule => {
    return { name: names[index] ?? '', rule, index, place: places.get(index) ?? 0 }
  })
  const last = ({ place }: NamedRule): number => (place === 0 ? Number.POSITIVE_INFINITY : place)
  return named.toSorted((a, b) => (last(a) === last(b) ? a.index - b.index : last(a) - last(b)))
}

export const ruleNamed = (values: readonly string[], name: string): NamedRule | undefined =>
  namedRules(values).find((each) => each.name === composed(name))

/**
 * Puts a rule in the place of the one with this name, or behind all others. What it does not say (`order`) stays as it
 * was; a new one is on.
 */
export function putRule(
  values: readonly string[],
  name: string,
  rule: Pick<Rule, 'text' | 'template' | 'fields'>,
): RulesChange {
  if (!isRuleName(name)) return { kind: 'refused', why: `"${name}" cannot be the name of a rule` }
  const old = ruleNamed(values, name)
  if (old === undefined && values.length >= MAX_RULES) return { kind: 'refused', why: `more than ${MAX_RULES} rules` }
  const value = printRule({ ...rule, name: composed(name), order: old?.rule.order })
  return { kind: 'changed', values: old === undefined ? [...values, value] : values.with(old.index, value) }
}

/** The number it had when it was turned off is not known any more: it runs behind those that have one. */
export function enableRule(values: readonly string[], name: string, on: boolean): RulesChange {
  const found = ruleNamed(values, name)
  if (found === undefined) return { kind: 'absent', name }
  if (on === found.place > 0) return { kind: 'changed', values }
  return { kind: 'changed', values: values.with(found.index, rewritten(found, on ? undefined : 0)) }
}

/** Turns off every rule without a template but this one: `undefined` turns off all of those. */
export function enableOnly(values: readonly string[], name: string | undefined): RulesChange {
  if (name !== undefined && ruleNamed(values, name) === undefined) return { kind: 'absent', name }
  const kept = name === undefined ? undefined : composed(name)
  const off = namedRules(values).filter((each) => each.place > 0 && !each.rule.template && each.name !== kept)
  const rest = off.reduce((all, each) => all.with(each.index, rewritten(each, 0)), values)
  return name === undefined ? { kind: 'changed', values: rest } : enableRule(rest, name, true)
}

export function deleteRule(values: readonly string[], name: string): RulesChange {
  const found = ruleNamed(values, name)
  if (found === undefined) return { kind: 'absent', name }
  return { kind: 'changed', values: values.toSpliced(found.index, 1) }
}

/**
 * These first, in this order, and on; then the others that are on, as they ran before. Rules that are off and not
 * named stay off.
 */
export function orderRules(values: readonly string[], names: readonly string[]): RulesChange {
  if (new Set(names.map(composed)).size < names.length) return { kind: 'refused', why: 'a rule is named twice' }
  const all = namedRules(values)
  const first: NamedRule[] = []
  for (const name of names) {
    const found = all.find((each) => each.name === composed(name))
    if (found === undefined) return { kind: 'absent', name }
    first.push(found)
  }
  const rest = all.filter((each) => each.place > 0 && !first.includes(each))
  const numbered = [...first, ...rest]
  const changed = [...values]
  for (const [i, each] of numbered.entries())
    if (each.rule.order !== i + 1) changed[each.index] = rewritten(each, i + 1)
  return { kind: 'changed', values: changed }
}

const composed = (name: string): string => name.normalize('NFC')

const rewritten = ({ rule, name }: NamedRule, order: number | undefined): string => printRule({ ...rule, name, order })

function namesOf(rules: readonly Rule[]): readonly string[] {
  const taken = new Map<string, number>()
  const own = rules.map(({ name }) => (name === undefined ? undefined : composed(name)))
  for (const [index, name] of own.entries()) if (name !== undefined && !taken.has(name)) taken.set(name, index)
  return own.map((name, index) => {
    if (name !== undefined && taken.get(name) === index) return name
    let number = index + 1
    while (taken.has(`rule ${number}`)) number++
    taken.set(`rule ${number}`, index)
    return `rule ${number}`
  })
}
