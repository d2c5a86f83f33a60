// SPDX-License-Identifier: Apache-2.0
/**
 * Reads a template. spec mapping-tables.md 4.
 *
 *   template = *( text / "$" ( "$" / " " / TAB / digit / control / case / "=" / test / look-up / flag ) )
 *   control  = "C" / "E" / "L" / "R"          case = "\" / "^" / "_"          test = ( ":" / ";" ) character
 *   look-up  = "?" template "?" / "#" template "#" / "]" template "[" / "|" template "|"
 *            / "{" template "}" / "}" template "{" / "[" template "]"
 *
 * Inside a look-up its closing character ends it, unless it belongs to a look-up further in (4.13).
 */
import { isBlank } from './blank.ts'
import { error, type Report, warning } from './problem.ts'
import { LOOKUP_SYNTAX, type LookupKind, type Template, type TemplateNode } from './template.ts'
import { CALL_EXPANDED_AGAIN, GENERAL_EXPANDED_AGAIN, MAX_NESTING } from './unsure.ts'

export function parseTemplate(text: string, report: Report): Template {
  const nodes = new TemplateParser(text, report).parse()
  return { nodes, looksUp: nodes.some((node) => 'argument' in node), ...endings(nodes) }
}

class TemplateParser {
  readonly #text: string
  readonly #report: Report
  #at = 0

  constructor(text: string, report: Report) {
    this.#text = text
    this.#report = report
  }

  parse(): TemplateNode[] {
    return this.#nodes(undefined, 0)
  }

  /** Up to the closing character, which stays unread, or to the end. */
  #nodes(closes: string | undefined, depth: number): TemplateNode[] {
    const nodes: TemplateNode[] = []
    let text = ''
    let textFrom = this.#at
    const endText = (): void => {
      if (text !== '') nodes.push({ kind: 'text', text, from: textFrom, to: this.#at })
      text = ''
    }
    while (this.#at < this.#text.length) {
      const c = this.#text[this.#at] ?? ''
      if (c === closes) break
      // An unquoted blank in a call-out stands behind a comma, and belongs to nothing (4.12).
      if (closes === LOOKUP_SYNTAX.call.closes && isBlank(c)) {
        this.#at++
        continue
      }
      if (text === '') textFrom = this.#at
      if (c !== '$') {
        text += c
        this.#at++
        continue
      }
      const next = this.#text[this.#at + 1]
      if (next === '$' || next === ' ' || next === '\t') {
        text += next
        this.#at += 2
        continue
      }
      endText()
      this.#at++
      const node = this.#sequence(depth)
      if (node !== undefined) nodes.push(node)
    }
    endText()
    return nodes
  }

  /** Behind a `$` that quotes nothing. */
  #sequence(depth: number): TemplateNode | undefined {
    const from = this.#at - 1
    const c = this.#text[this.#at]
    if (c === undefined) {
      const finding = warning(
        'mapping-quote',
        'a $ at the end of a template',
        'It is left out.',
        'write $$ for a dollar',
      )
      this.#report(from, this.#at, finding)
      return undefined
    }
    this.#at++
    const lookup = LOOKUP_OF.get(c)
    if (lookup !== undefined) return this.#lookup(from, lookup, depth)
    const to = this.#at
    if (/[0-9]/.test(c)) return { kind: 'field', field: Number(c), from, to }
    switch (c.toUpperCase()) {
      case 'C':
      case 'E':
      case 'L':
      case 'R':
        return { kind: 'control', control: CONTROL[c.toUpperCase()] ?? 'E', from, to }
      case '\\':
        return { kind: 'case', casing: 'lower', from, to }
      case '^':
        return { kind: 'case', casing: 'upper', from, to }
      case '_':
        return { kind: 'case', casing: 'own', from, to }
      case '=':
        return { kind: 'ldap-quote', from, to }
      case ':':
      case ';':
        return this.#ifFlag(from, c === ':')
      default:
        return { kind: 'flag', flag: upper(c), from, to }
    }
  }

  #ifFlag(from: number, set: boolean): TemplateNode {
    const flag = this.#text[this.#at]
    if (flag === undefined)
      return this.#broken(
        from,
        error(
          'mapping-argument',
          `${this.#text.slice(from, this.#at)} does not say which flag to look at`,
          'The row always fails here.',
          'write the letter of an input flag behind it: $:A',
        ),
      )
    this.#at++
    return { kind: 'if-flag', flag: upper(flag), set, from, to: this.#at }
  }

  #lookup(from: number, kind: LookupKind, depth: number): TemplateNode {
    const { opens, closes } = LOOKUP_SYNTAX[kind]
    if (depth >= MAX_NESTING) {
      this.#at = this.#text.length
      return this.#broken(
        from,
        error(
          'mapping-argument',
          `more than ${MAX_NESTING} look-ups within each other`,
          'The row always fails here.',
          'take it apart into several tables',
        ),
      )
    }
    const argument = this.#nodes(closes, depth + 1)
    if (this.#at >= this.#text.length)
      return this.#broken(
        from,
        error(
          'mapping-unclosed',
          `$${opens} without its closing ${closes}`,
          'The row always fails here.',
          `close it: $${opens}…${closes}`,
        ),
      )
    this.#at++
    return { kind, argument, from, to: this.#at }
  }

  #broken(from: number, finding: Parameters<Report>[2]): TemplateNode {
    this.#report(from, this.#at, finding)
    return { kind: 'broken', why: finding.message, from, to: this.#at }
  }
}

const CONTROL: Readonly<Record<string, 'C' | 'E' | 'L' | 'R'>> = { C: 'C', E: 'E', L: 'L', R: 'R' }

const LOOKUP_OF: ReadonlyMap<string, LookupKind> = new Map(
  (['chance', 'sequence', 'url', 'table', 'general', 'domain', 'call'] as const).map((kind) => [
    LOOKUP_SYNTAX[kind].opens,
    kind,
  ]),
)

const upper = (c: string): string => (/[a-z]/.test(c) ? c.toUpperCase() : c)

/**
 * `$C`, `$L` and `$R` count from where they stand to the next `$E`; so one counts at the end, and one counts where
 * something fails (4.2). Texts that are expanded again may hold anything.
 */
function endings(nodes: readonly TemplateNode[]): { alwaysEnds: boolean; mayRewrite: boolean } {
  let goesOn = false
  let mayGoOn = false
  const walk = (within: readonly TemplateNode[]): void => {
    for (const node of within) {
      if ('argument' in node) walk(node.argument)
      if (node.kind === 'control') goesOn = node.control !== 'E'
      else if ((node.kind === 'general' && GENERAL_EXPANDED_AGAIN) || (node.kind === 'call' && CALL_EXPANDED_AGAIN)) {
        goesOn = true
        mayGoOn = true
      } else if ('argument' in node || node.kind === 'if-flag' || node.kind === 'broken') mayGoOn ||= goesOn
    }
  }
  walk(nodes)
  return { alwaysEnds: !mayGoOn && !goesOn, mayRewrite: goesOn }
}
