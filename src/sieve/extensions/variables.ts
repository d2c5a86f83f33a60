// SPDX-License-Identifier: Apache-2.0
/** `set` and the test `string`, RFC 5229. How `${…}` becomes text stands in check/strings.ts. */
import type { CompiledWord } from '../compiled.ts'
import { limitCode } from '../limits.ts'
import { TextList } from '../match/text-list.ts'
import type { ModifierDef, SieveExtension, ValidateContext, WordDef } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'

const IDENTIFIER = /^[a-z_][a-z0-9_]*$/i
const NAMESPACED = /^([a-z_][a-z0-9_]*)\.([a-z0-9_]+(?:\.[a-z0-9_]+)*)$/i

/** §4.1.3: letters of ASCII alone change. */
const upper = (text: string): string => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

const MODIFIERS: readonly ModifierDef[] = [
  { name: 'lower', precedence: 40, apply: lower },
  { name: 'upper', precedence: 40, apply: upper },
  { name: 'lowerfirst', precedence: 30, apply: (text) => lower(text.slice(0, 1)) + text.slice(1) },
  { name: 'upperfirst', precedence: 30, apply: (text) => upper(text.slice(0, 1)) + text.slice(1) },
  { name: 'quotewildcard', precedence: 20, apply: (text) => text.replace(/[*?\\]/g, '\\$&') },
  // Characters, not octets (§4.1.1).
  { name: 'length', precedence: 10, apply: (text) => String([...text].length) },
]

/** Reports a name that cannot be assigned to. */
export function checkVariableName(name: string, word: CompiledWord, ctx: ValidateContext, argument: string): void {
  const wrong = (code: string, message: string): void => ctx.error(word.spanOf(argument), code, message)
  const parts = NAMESPACED.exec(name)
  if (parts !== null) {
    const namespace = ctx.namespace(parts[1] ?? '')
    const path = (parts[2] ?? '').toLowerCase()
    if (namespace === undefined || namespace.valid?.(path) === false)
      wrong('unknown-namespace', `${name.slice(0, 80)} is no variable; is a require missing?`)
    else if (namespace.set === undefined) wrong('read-only', `${name.slice(0, 80)} cannot be changed`)
    else word.data.set('namespace', { namespace, path })
  } else if (!IDENTIFIER.test(name))
    wrong('variable-name', `${JSON.stringify(name.slice(0, 80))} is no name of a variable`)
  else if (name.length > ctx.limits.variableNameLength)
    wrong(limitCode('variableNameLength'), `a variable name longer than ${ctx.limits.variableNameLength}`)
}

interface Target {
  readonly namespace: { set?(ctx: RunContext, path: string, value: string): void }
  readonly path: string
}

export function assign(ctx: RunContext, word: CompiledWord, name: string, value: string): void {
  const target = word.data.get('namespace') as Target | undefined
  if (target === undefined) ctx.variables.set(name.toLowerCase(), value)
  else target.namespace.set?.(ctx, target.path, value)
}

const SET: WordDef = {
  name: 'set',
  kind: 'command',
  positional: [
    { name: 'name', type: 'string', literal: true },
    { name: 'value', type: 'string' },
  ],
  validate(word, ctx) {
    const text = word.constant('name')
    if (text !== undefined) checkVariableName(text, word, ctx, 'name')
  },
  execute(ctx, args) {
    let value = args.string('value')
    for (const { name, apply } of ctx.modifiers()) if (args.has(name)) value = apply(value)
    ctx.spend(value.length >> 8)
    assign(ctx, args.word, args.string('name'), value)
    return undefined
  },
}

/** RFC 5435 §6: octets that are not unreserved (RFC 3986 §2.3) as %XX. */
export const ENCODE_URL: ModifierDef = {
  name: 'encodeurl',
  precedence: 15,
  apply: (text) =>
    encodeURIComponent(text.toWellFormed()).replace(
      /[!'()*]/g,
      (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
    ),
}

/** draft-ietf-sieve-regex: the special characters of regular expressions quoted. */
export const QUOTE_REGEX: ModifierDef = {
  name: 'quoteregex',
  precedence: 20,
  apply: (text) => text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&'),
}

/** §5 */
const STRING: WordDef = {
  name: 'string',
  kind: 'test',
  positional: [
    { name: 'source', type: 'string-list' },
    { name: 'keys', type: 'string-list' },
  ],
  match: { keys: 'keys' },
  evaluate(ctx, args) {
    const source = args.strings('source')
    // `:count` counts strings that are not empty (§5).
    const counted = args.word.shape.match?.type.name === 'count' ? source.filter((text) => text !== '') : source
    ctx.spend(1)
    return args.match(TextList.of(counted))
  },
}

export const VARIABLES: SieveExtension = { name: 'variables', ihave: false, words: [SET, STRING], modifiers: MODIFIERS }
