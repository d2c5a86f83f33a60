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

export interface Expanded {
  readonly output: string
  readonly flags: ReadonlySet<string>
  readonly control: Control | undefined
  readonly lookups: readonly LookupStep[]
  /** The construct that failed, with its offset in the template. */
  readonly failure: { readonly from: number; readonly to: number; readonly why: string } | undefined
}

/** `fields`: texts of the fields by their number. A bound that was hit is in `work.exhausted`; then nothing else counts. */
export function* expandTemplate(
  nodes: readonly TemplateNode[],
  source: string,
  fields: readonly string[],
  lookUps: LookUps,
): MappingAsking<Expanded> {
  const expansion = new Expansion(fields, lookUps)
  const output = new Output()
  const failure = yield* expansion.run(nodes, source, output, 0)
  return {
    output: output.text,
    flags: expansion.flags,
    control: expansion.control,
    lookups: expansion.steps,
    failure: failure === undefined ? undefined : { from: failure.node.from, to: failure.node.to, why: failure.why },
  }
}

type LookupNode = Extract<TemplateNode, { readonly argument: readonly TemplateNode[] }>
type PlainNode = Exclude<TemplateNode, LookupNode>

/** A node of the template itself, even where the failure is in a text that was expanded again. */
interface Failed {
  readonly node: TemplateNode
  readonly why: string
}

class Expansion {
  readonly #fields: readonly string[]
  readonly #lookUps: LookUps
  readonly flags = new Set<string>()
  readonly steps: LookupStep[] = []
  control: Control | undefined

  constructor(fields: readonly string[], lookUps: LookUps) {
    this.#fields = fields
    this.#lookUps = lookUps
  }

  /** `again`: how many texts that were found and expanded again this one is in. */
  *run(
    nodes: readonly TemplateNode[],
    source: string,
    output: Output,
    again: number,
  ): MappingAsking<Failed | undefined> {
    for (const node of nodes) {
      const why =
        'argument' in node ? yield* this.#lookUp(node, source, output, again) : this.#plain(node, source, output, again)
      if (why !== undefined) return { node, why }
      if (!this.#lookUps.fits(output.text)) return { node, why: 'the output is too long' }
    }
    return undefined
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
        output.substitute(this.#fields[node.field] ?? '')
        return undefined
      case 'case':
        output.setCase(node.casing)
        return undefined
      case 'ldap-quote':
        output.quoteForLdap()
        return undefined
      case 'flag':
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
    const has = this.#lookUps.input.has(flag)
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

  *#lookUp(node: LookupNode, source: string, output: Output, again: number): MappingAsking<string | undefined> {
    // Case and quoting end with the argument, flags and control do not (4.13).
    const argument = new Output()
    const failed = yield* this.run(node.argument, source, argument, again)
    if (failed !== undefined) return failed.why
    const step = yield* this.#lookUps.ask(node.kind, argument.text, source.slice(node.from, node.to))
    this.steps.push(step)
    if (step.found === undefined) return step.failed ?? 'it failed'
    if (node.kind === 'chance') return undefined
    if (!EXPANDED_AGAIN[node.kind]) {
      output.substitute(step.found)
      return undefined
    }
    return yield* this.#expandAgain(step.found, output, again + 1)
  }

  /** As if the text stood in the template; case switches in it last to the end of the template. */
  *#expandAgain(text: string, output: Output, again: number): MappingAsking<string | undefined> {
    if (again > MAX_NESTING) return `texts that are expanded again within each other more than ${MAX_NESTING} deep`
    let broken: string | undefined
    const { nodes } = parseTemplate(text, (_from, _to, { severity, message }) => {
      if (severity === 'error') broken ??= message
    })
    const failed = yield* this.run(nodes, text, output, again)
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
