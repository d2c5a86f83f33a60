// SPDX-License-Identifier: Apache-2.0
/** `setflag`, `addflag`, `removeflag`, `hasflag`, `:flags`: RFC 5232. */
import type { CompiledWord } from '../compiled.ts'
import { TextList } from '../match/text-list.ts'
import type { Args, SieveExtension, ValidateContext, WordDef } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'
import { normalizeFlags } from './flags.ts'
import { assign, checkVariableName } from './variables.ts'

const POSITIONAL = [
  { name: 'variable', type: 'string', literal: true, optional: true },
  { name: 'flags', type: 'string-list' },
] as const

/** §3: the named form needs `variables`. */
function validate(word: CompiledWord, ctx: ValidateContext): void {
  const variable = word.constant('variable')
  if (variable === undefined) return
  if (ctx.enabled('variables')) checkVariableName(variable, word, ctx, 'variable')
  else ctx.error(word.spanOf('variable'), 'missing-require', 'a named variable needs require "variables"')
}

const current = (ctx: RunContext, args: Args): readonly string[] =>
  args.has('variable') ? normalizeFlags([ctx.variables.get(args.string('variable').toLowerCase())]) : (ctx.flags ?? [])

function put(ctx: RunContext, args: Args, flags: readonly string[]): undefined {
  ctx.spend(flags.length)
  if (args.has('variable')) assign(ctx, args.word, args.string('variable'), flags.join(' '))
  else ctx.flags = flags
}

const changing = (
  name: string,
  change: (now: readonly string[], given: readonly string[]) => readonly string[],
): WordDef => ({
  name,
  kind: 'command',
  positional: POSITIONAL,
  validate,
  execute: (ctx, args) => put(ctx, args, change(current(ctx, args), normalizeFlags(args.strings('flags')))),
})

const SETFLAG = changing('setflag', (_now, given) => given)
const ADDFLAG = changing('addflag', (now, given) => normalizeFlags([...now, ...given]))
const REMOVEFLAG = changing('removeflag', (now, given) => {
  const gone = new Set(given.map((flag) => flag.toLowerCase()))
  return now.filter((flag) => !gone.has(flag.toLowerCase()))
})

/** §4. A key is a list of flags too; one of them is enough. */
const HASFLAG: WordDef = {
  name: 'hasflag',
  kind: 'test',
  positional: [
    { name: 'variables', type: 'string-list', optional: true },
    { name: 'keys', type: 'string-list' },
  ],
  match: { keys: 'keys' },
  validate(word, ctx) {
    if (word.has('variables') && !ctx.enabled('variables'))
      ctx.error(word.spanOf('variables'), 'missing-require', 'a named variable needs require "variables"')
  },
  evaluate(ctx, args) {
    const flags = args.has('variables')
      ? args.strings('variables').flatMap((name) => normalizeFlags([ctx.variables.get(name.toLowerCase())]))
      : (ctx.flags ?? [])
    return args.match(TextList.of(flags))
  },
}

export const IMAP4FLAGS: SieveExtension = {
  name: 'imap4flags',
  words: [SETFLAG, ADDFLAG, REMOVEFLAG, HASFLAG],
  tags: [{ name: 'flags', value: 'string-list', on: ['keep', 'fileinto'] }],
}
