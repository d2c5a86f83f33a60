// SPDX-License-Identifier: Apache-2.0
/**
 * A YAML file (YAML 1.2, core schema) read with the place of everything in it. Refused: duplicate keys, tags,
 * several documents, expansions of many aliases. Does not know what the keys mean.
 */

import type { Document, Node, Pair } from 'yaml'
import { isAlias, isMap, isNode, isPair, isScalar, isSeq, parseDocument } from 'yaml'
import type { Diagnostic } from './diagnostic.ts'
import { lineAt } from './diagnostic.ts'

export type Path = readonly (string | number)[]

/** A stretch of one line. Lines and columns count from 1. */
export interface Place {
  readonly line: number
  readonly column: number
  readonly length: number
}

/** Aliases (`*name`) that may be expanded; a configuration needs a handful. */
const MAX_ALIASES = 100

export interface YamlSource {
  readonly file: string
  readonly text: string
  /** The content as plain data; `undefined` when it is not YAML, `null` when the file is empty. */
  readonly value: unknown
  readonly diagnostics: readonly Diagnostic[]
  /** Where the value at `path` stands; `undefined` when nobody wrote it. */
  valueAt(path: Path): Place | undefined
  /** Where the key at the end of `path` stands, or the item, in a list. */
  keyAt(path: Path): Place | undefined
}

export function readYaml(file: string, text: string): YamlSource {
  const starts = lineStarts(text)
  const diagnostics: Diagnostic[] = []
  const place = (from: number, to: number): Place => {
    const offset = Math.max(0, Math.min(from, text.length))
    const line = countUpTo(starts, offset)
    const column = offset - (starts[line - 1] ?? 0) + 1
    const rest = (lineAt(text, line)?.length ?? 0) - (column - 1)
    return { line, column, length: Math.max(1, Math.min(to - from, rest)) }
  }
  let document: Document.Parsed | undefined
  let value: unknown
  try {
    document = parseDocument(text, {
      prettyErrors: false,
      strict: true,
      uniqueKeys: true,
      schema: 'core',
      version: '1.2',
      // Nothing is printed; `silent` would also keep quiet about a second document.
      logLevel: 'error',
    })
    for (const problem of [...document.errors, ...document.warnings]) {
      const twice = problem.code === 'DUPLICATE_KEY'
      diagnostics.push({
        code: twice ? 'duplicate-key' : 'yaml-syntax',
        severity: 'error',
        file,
        ...place(problem.pos[0], problem.pos[1]),
        message: twice ? 'this key stands twice in the same map' : sentence(problem.message),
        ...(twice ? { reason: 'only one of the two values could count', fix: 'remove one of them' } : {}),
      })
    }
    if (diagnostics.length === 0) value = document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown
  } catch (error) {
    // Too many aliases (ReferenceError), or nesting deeper than the stack (RangeError).
    diagnostics.push({
      code: 'yaml-syntax',
      severity: 'error',
      file,
      line: 1,
      column: 1,
      message: error instanceof RangeError ? 'nested too deeply' : sentence(String((error as Error).message)),
    })
  }
  const root = document
  const ofNode = (node: unknown): Place | undefined =>
    isNode(node) && node.range
      ? place(node.range[0], isScalar(node) || isAlias(node) ? node.range[1] : node.range[0] + 1)
      : undefined
  return {
    file,
    text,
    value,
    diagnostics,
    valueAt: (path) => {
      const found = root && find(root, path)
      if (found === undefined) return undefined
      // A key without a value (`networks:`) has an empty node; the key says more.
      const empty =
        isScalar(found.value) && found.value.range !== undefined && found.value.range?.[0] === found.value.range?.[1]
      return empty && found.pair ? ofNode(found.pair.key) : (ofNode(found.value) ?? ofNode(found.pair?.key))
    },
    keyAt: (path) => {
      const found = root && find(root, path)
      return found === undefined ? undefined : (ofNode(found.pair?.key) ?? ofNode(found.value))
    },
  }
}

function find(document: Document.Parsed, path: Path): { value: unknown; pair: Pair | undefined } | undefined {
  let value: unknown = document.contents
  let pair: Pair | undefined
  for (const key of path) {
    const node: Node | unknown = isAlias(value) ? value.resolve(document) : value
    if (isMap(node)) {
      pair = node.items.find(
        (item) => isPair(item) && String(isScalar(item.key) ? item.key.value : item.key) === String(key),
      )
      if (pair === undefined) return undefined
      value = pair.value
    } else if (isSeq(node) && typeof key === 'number') {
      pair = undefined
      value = node.items[key]
      if (value === undefined) return undefined
    } else return undefined
  }
  return { value, pair }
}

/** Offset of each line's first character. The parser's own count stops where it stops reading. */
function lineStarts(text: string): readonly number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** How many of these rising numbers are not above `limit`. */
function countUpTo(rising: readonly number[], limit: number): number {
  let low = 0
  let high = rising.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rising[middle] ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low
}

const sentence = (text: string): string => {
  const first = text.split('\n')[0] ?? text
  return first.slice(0, 1).toLowerCase() + first.slice(1)
}
