// SPDX-License-Identifier: Apache-2.0
/** `include`, `return`, `global` and the namespace `global.`, RFC 6609. */
import type { Args, NamespaceDef, SieveExtension, WordDef } from '../plugin.ts'
import type { SieveProgram } from '../program.ts'
import type { SieveAsking } from '../questions.ts'
import { isAsking } from '../questions.ts'
import { type Ended, NORMAL, RETURN } from '../run/ended.ts'
import type { RunContext, Slot } from '../run-context.ts'
import { presentPart } from './core/loops.ts'

/** Names are handed to a store: none can lead out of it. */
const NAME = /^[^/\\\u0000-\u001f\u007f-\u009f\u2028\u2029]{1,128}$/

export const isScriptName = (name: string): boolean =>
  NAME.test(name) && name !== '.' && name !== '..' && name.isWellFormed()

interface Included {
  readonly programs: Map<string, SieveProgram>
  readonly done: Set<string>
  readonly running: Set<string>
}

const INCLUDED: Slot<Included> = {
  name: 'include',
  init: () => ({ programs: new Map(), done: new Set(), running: new Set() }),
}

const INCLUDE: WordDef = {
  name: 'include',
  kind: 'command',
  tags: [
    { name: 'personal', group: 'location' },
    { name: 'global', group: 'location' },
    { name: 'once' },
    { name: 'optional' },
  ],
  // §3.2: constant.
  positional: [{ name: 'name', type: 'string', literal: true }],
  perRecipient: (word) => !word.has('global'),
  validate(word, ctx) {
    const text = word.constant('name')
    if (text !== undefined && !isScriptName(text))
      ctx.error(word.spanOf('name'), 'script-name', `${JSON.stringify(text.slice(0, 80))} is no name of a script`)
  },
  execute: include,
}

function* include(ctx: RunContext, args: Args): SieveAsking<Ended> {
  const location = args.has('global') ? 'global' : 'personal'
  const name = args.string('name')
  const key = `${location}/${name}`
  const { programs, done, running } = ctx.perRun(INCLUDED)
  if (args.has('once') && done.has(key)) return NORMAL
  // §3.1: recursion is an error of the run, not of the script.
  if (running.has(key)) return ctx.fail('include-recursion', `${name} includes itself`, args)
  let program = programs.get(key)
  if (program === undefined) {
    const source = yield* ctx.ask({ ask: 'sieve.include', location, name })
    if (source.kind === 'absent') {
      if (args.has('optional')) return NORMAL
      return ctx.fail('include-missing', `there is no ${location} script ${name}`, args)
    }
    const compiled = ctx.compile(source.value, `${location} script ${name}`)
    if (!compiled.ok) {
      const [first] = compiled.diagnostics
      return ctx.fail('include-invalid', `${name} line ${first?.line}: ${first?.message}`, args)
    }
    program = compiled.program
    programs.set(key, program)
  }
  done.add(key)
  running.add(key)
  const putBack = presentPart(ctx)
  const inner = ctx.runScript(program)
  const ended = isAsking(inner) ? yield* inner : inner
  if (!putBack()) ctx.note('warning', 'include', 'a part inside an encoded message stays as it is', args)
  running.delete(key)
  return ended.how === 'return' ? NORMAL : ended
}

const RETURN_COMMAND: WordDef = { name: 'return', kind: 'command', ends: true, execute: () => RETURN }

const IDENTIFIER = /^[a-z_][a-z0-9_]*$/i

/** §3.4.1: these names mean the variables that all scripts of the run share. */
const GLOBAL: WordDef = {
  name: 'global',
  kind: 'command',
  positional: [{ name: 'names', type: 'string-list', literal: true }],
  validate(word, ctx) {
    if (!ctx.enabled('variables')) ctx.error(word.nameSpan, 'missing-require', 'global needs require "variables"')
    for (const [i, constant = ''] of word.constants('names').entries())
      if (!IDENTIFIER.test(constant) || constant.length > ctx.limits.variableNameLength)
        ctx.error(
          word.spanOf('names', i),
          'variable-name',
          `${JSON.stringify(constant.slice(0, 80))} is no name of a variable`,
        )
  },
  execute(ctx, args) {
    for (const name of args.strings('names'))
      if (!ctx.variables.share(name.toLowerCase()))
        return ctx.fail('global', `${name} was set before it was made global`, args)
    return undefined
  },
}

/** §3.4.2 */
const NAMESPACE: NamespaceDef = {
  name: 'global',
  valid: (path) => IDENTIFIER.test(path),
  get: (ctx, path) => ctx.globals.get(path),
  set: (ctx, path, value) => ctx.globals.set(path, value),
}

export const INCLUDE_EXTENSION: SieveExtension = {
  name: 'include',
  words: [INCLUDE, RETURN_COMMAND, GLOBAL],
  namespaces: [NAMESPACE],
}
