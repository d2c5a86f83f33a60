// SPDX-License-Identifier: Apache-2.0
/**
 * The syntax tree, RFC 5228 §8.2. It knows nothing of what commands mean. The tokens stay with it, so that the script
 * can be written back to the octet; offsets of nodes are those of the script.
 */
import type { ScriptText } from '../diagnostic.ts'
import type { Span } from '../place.ts'
import type { Token } from './token.ts'

export interface ScriptNode {
  readonly script: ScriptText
  /** Cut again when they are asked for first. */
  readonly tokens: readonly Token[]
  readonly commands: readonly CommandNode[]
}

/** command = identifier arguments (";" / block);  test = identifier arguments */
export interface WordNode extends Span {
  /** In lower case. */
  readonly name: string
  readonly arguments: readonly ArgumentNode[]
}

/** Where its name stands. */
export const nameSpan = ({ start, name }: WordNode): Span => ({ start, end: start + name.length })

export interface CommandNode extends WordNode {
  readonly block?: BlockNode | undefined
}

export interface BlockNode extends Span {
  readonly commands: readonly CommandNode[]
}

export type ArgumentNode = StringNode | StringListNode | NumberNode | TagNode | TestNode | TestListNode

export interface StringNode extends Span {
  readonly node: 'string'
  /** Without quotes, dot-stuffing and backslashes; `${…}` is still there. */
  readonly value: string
}

export interface StringListNode extends Span {
  readonly node: 'string-list'
  readonly strings: readonly StringNode[]
}

export interface NumberNode extends Span {
  readonly node: 'number'
  readonly value: number
}

export interface TagNode extends Span {
  readonly node: 'tag'
  /** In lower case, without the colon. */
  readonly name: string
}

export interface TestNode extends WordNode {
  readonly node: 'test'
}

export interface TestListNode extends Span {
  readonly node: 'test-list'
  readonly tests: readonly TestNode[]
}

/** The script as it was read, to the octet. */
export const printScript = ({ tokens, script }: ScriptNode): string =>
  tokens.map(({ start, end }) => script.text.slice(start, end)).join('')

/**
 * The script with some nodes written anew; every other octet stays. Spans must not overlap.
 * @throws RangeError when they do: a bug of the caller
 */
export function replaceSpans(source: string, changes: readonly (Span & { readonly text: string })[]): string {
  let out = ''
  let at = 0
  for (const { start, end, text } of changes.toSorted((a, b) => a.start - b.start)) {
    if (start < at) throw new RangeError('changes of a script overlap')
    out += source.slice(at, start) + text
    at = end
  }
  return out + source.slice(at)
}

/** A text as a quoted string of the language, RFC 5228 §2.4.2. `${` is not quoted: only the script knows its extensions. */
export const quoteString = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
