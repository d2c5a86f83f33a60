// SPDX-License-Identifier: Apache-2.0
/**
 * From a form to a stored rule and back. The rule keeps the answers and a hash of its script; when the script is no
 * longer what the hash is of, a person wrote in it, and the form would undo that: it is shown as a script, read-only.
 */
import { hashText, isEdited, type Rule } from '../rules/rule.ts'
import type { FieldProblem } from './answers.ts'
import { type RenderOptions, renderTemplate } from './render.ts'
import type { Template } from './template.ts'

export type RuleMade =
  | { readonly kind: 'made'; readonly rule: Pick<Rule, 'text' | 'template' | 'fields'> & { readonly text: string } }
  | { readonly kind: 'refused'; readonly problems: readonly FieldProblem[] }

/** The rule to store with `putRule`. */
export function ruleOf(template: Template, given: Readonly<Record<string, unknown>>, options: RenderOptions): RuleMade {
  const rendered = renderTemplate(template, given, options)
  if (rendered.kind === 'refused') return rendered
  const { text, answers } = rendered
  return { kind: 'made', rule: { template: template.name, fields: { hash: hashText(text), values: answers }, text } }
}

export type RuleForm =
  /** To be filled in again; what no longer fits the template's fields is refused when it is saved. */
  | { readonly kind: 'form'; readonly template: Template; readonly values: Readonly<Record<string, unknown>> }
  /** Made from a template that is not there any more. */
  | { readonly kind: 'unknown-template'; readonly name: string }
  /** Made from a template, and written in by hand since. */
  | { readonly kind: 'edited'; readonly template: Template }
  /** Never had a form. */
  | { readonly kind: 'script' }

export function formOf(rule: Rule, templates: ReadonlyMap<string, Template>): RuleForm {
  if (rule.template === undefined) return { kind: 'script' }
  const template = templates.get(rule.template)
  if (template === undefined) return { kind: 'unknown-template', name: rule.template }
  if (rule.fields === undefined || isEdited(rule)) return { kind: 'edited', template }
  return { kind: 'form', template, values: rule.fields.values }
}
