// SPDX-License-Identifier: Apache-2.0
/**
 * Expands a template from left to right. spec mapping-tables.md 4. The first construct that fails stops it: what was
 * written and the flags are dropped, a `$C`, `$L` or `$R` before that place is obeyed (4.2).
 */

import type { LookUps } from './look-ups.ts'
import { Output } from './output.ts'
import { parseTemplate } from './parse-template.ts'
import type { MappingAsking } from './questions.ts'
import type { LookupStep } from './result.ts'
import type { Control, TemplateNode } from './template.ts'
import {
  CALL_EXPANDED_AGAIN,
  GENERAL_EXPANDED_AGAIN,
  MAX_NESTING,
  TABLE_EXPANDED_AGAIN,
  URL_EXPANDED_AGAIN,
} from './unsure.ts'
import type { Work } from './work.ts'

export interface Expanded {
  readonly output: string
  readonly flags: ReadonlySet<string>
  readonly control: Control | undefined
  readonly lookups: readonly LookupStep[]
  /** The construct that failed, with its offset in the template. */
  readonly failure: { readonly from: number; readonly to: number; readonly why: string } | undefined
}

/** What a template is expanded with. A bound that was hit is in `work.exhausted`; then nothing else counts. */
export interface ExpandedWith {
  /** As it was written. */
  readonly source: string
  /** Texts of the fields by their number. */
  readonly fields: readonly string[]
  /** Input flags. */
  readonly input: ReadonlySet<string>
  readonly work: Work
}

export function* expandTemplate(
  nodes: readonly TemplateNode[],
  given: ExpandedWith,
  lookUps: LookUps,
): MappingAsking<Expanded> {
  const expansion = new Expansion(given)
  const output = new Output()
  return expanded(expansion, output, yield* expansion.run(nodes, given.source, output, 0, lookUps))
}

/** Of a template without look-ups: most are, and generators would be half the work. */
export function expandPlain(nodes: readonly TemplateNode[], given: ExpandedWith): Expanded {
  const expansion = new Expansion(given)
  const output = new Output()
  return expanded(expansion, output, expansion.runPlain(nodes, given.source, output))
}

const expanded = ({ flags, control, steps }: Expansion, output: Output, failed: Failed | undefined): Expanded => ({
  output: output.text,
  flags,
  control,
  lookups: steps,
  failure: failed === undefined ? undefined : { from: failed.node.from, to: failed.node.to, why: failed.why },
})

type LookupNode = Extract<TemplateNode, { readonly argument: readonly TemplateNode[] }>
type PlainNode = Exclude<TemplateNode, LookupNode>

/** A node of the template itself, even where the failure is in a text that was expanded again. */
interface Failed {
  readonly node: TemplateNode
  readonly why: string
}

const NO_FLAGS: Set<string> = new Set()

class Expansion {
  readonly #given: ExpandedWith
  flags = NO_FLAGS
  readonly steps: LookupStep[] = []
  control: Control | undefined

  constructor(given: ExpandedWith) {
    this.#given = given
  }

  runPlain(nodes: readonly TemplateNode[], source: string, output: Output): Failed | undefined {
    for (const node of nodes) {
      if ('argument' in node) throw new Error('a template with look-ups is expanded asking')
      const failed = this.#after(node, this.#plain(node, source, output, 0), output)
      if (failed !== undefined) return failed
    }
    return undefined
  }

  /** `again`: how many texts that were found and expanded again this one is in. */
  *run(
    nodes: readonly TemplateNode[],
    source: string,
    output: Output,
    again: number,
    lookUps: LookUps,
  ): MappingAsking<Failed | undefined> {
    for (const node of nodes) {
      const why =
        'argument' in node
          ? yield* this.#lookUp(node, source, output, again, lookUps)
          : this.#plain(node, source, output, again)
      const failed = this.#after(node, why, output)
      if (failed !== undefined) return failed
    }
    return undefined
  }

  #after(node: TemplateNode, why: string | undefined, output: Output): Failed | undefined {
    if (why !== undefined) return { node, why }
    return this.#given.work.fits(output.text) ? undefined : { node, why: 'the output is too long' }
  }

  /** Gives the reason where it fails. */
  #plain(node: PlainNode, source: string, output: Output, again: number): string | undefined {
    switch (node.kind) {
      case 'text':
        // What was found and is expanded again is substituted text as a whole.
        if (again === 0) output.write(node.text)
        else output.substitute(node.text)
        return undefined
      case 'field':
        output.substitute(this.#given.fields[node.field] ?? '')
        return undefined
      case 'case':
        output.setCase(node.casing)
        return undefined
      case 'ldap-quote':
        output.quoteForLdap()
        return undefined
      case 'flag':
        if (this.flags === NO_FLAGS) this.flags = new Set()
        this.flags.add(node.flag)
        return undefined
      case 'control':
        // The last one counts, and `$E` takes it back, spec 5.
        this.control = node.control === 'E' ? undefined : node.control
        return undefined
      case 'broken':
        return node.why
      case 'if-flag':
        return this.#ifFlag(node, source)
      default:
        return node satisfies never
    }
  }

  #ifFlag({ flag, set, from, to }: Extract<TemplateNode, { kind: 'if-flag' }>, source: string): string | undefined {
    const has = this.#given.input.has(flag)
    const answer = `input flag ${flag} is ${has ? 'set' : 'clear'}`
    const written = source.slice(from, to)
    this.steps.push({
      lookup: 'if-flag',
      written,
      asked: flag,
      ...(has === set ? { found: answer } : { failed: answer }),
    })
    return has === set ? undefined : answer
  }

  *#lookUp(
    node: LookupNode,
    source: string,
    output: Output,
    again: number,
    lookUps: LookUps,
  ): MappingAsking<string | undefined> {
    // Case and quoting end with the argument, flags and control do not (4.13).
    const argument = new Output()
    const failed = yield* this.run(node.argument, source, argument, again, lookUps)
    if (failed !== undefined) return failed.why
    const step = yield* lookUps.ask(node.kind, argument.text, source.slice(node.from, node.to))
    this.steps.push(step)
    if (step.found === undefined) return step.failed ?? 'it failed'
    if (node.kind === 'chance') return undefined
    if (!EXPANDED_AGAIN[node.kind]) {
      output.substitute(step.found)
      return undefined
    }
    return yield* this.#expandAgain(step.found, output, again + 1, lookUps)
  }

  /** As if the text stood in the template; case switches in it last to the end of the template. */
  *#expandAgain(text: string, output: Output, again: number, lookUps: LookUps): MappingAsking<string | undefined> {
    if (again > MAX_NESTING) return `texts that are expanded again within each other more than ${MAX_NESTING} deep`
    let broken: string | undefined
    const { nodes } = parseTemplate(text, (_from, _to, { severity, message }) => {
      if (severity === 'error') broken ??= message
    })
    const failed = yield* this.run(nodes, text, output, again, lookUps)
    return failed === undefined ? undefined : (broken ?? failed.why)
  }
}

const EXPANDED_AGAIN = {
  general: GENERAL_EXPANDED_AGAIN,
  call: CALL_EXPANDED_AGAIN,
  table: TABLE_EXPANDED_AGAIN,
  url: URL_EXPANDED_AGAIN,
  sequence: false,
  domain: false,
} as const
