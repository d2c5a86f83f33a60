// SPDX-License-Identifier: Apache-2.0
/** `:list`, `redirect :list` and `valid_ext_list`, RFC 6134. Lists are named by URIs; the host knows them. */
import { traceCompared } from '../match/match-types.ts'
import type { MatchTypeDef, SieveExtension, WordDef } from '../plugin.ts'
import { firstOf, then } from '../questions.ts'

/** §2.5: a name that begins with a colon is short for one in this space; hosts see the short one. */
const SPACE = 'urn:ietf:params:sieve:'

export const listName = (name: string): string =>
  name.toLowerCase().startsWith(SPACE) ? name.slice(SPACE.length - 1) : name

/** §2.2: a value is a member of one of the lists; how members are compared is the list's matter. */
const LIST: MatchTypeDef = {
  name: 'list',
  match(ctx, values, { keys, captures }) {
    const pairs = values.texts.flatMap((value) => keys.texts.map((list) => ({ value, list: listName(list) })))
    const look = ({ value, list }: { readonly value: string; readonly list: string }) => {
      ctx.spend(4)
      return then(ctx.ask({ ask: 'sieve.list', list, value }), ({ kind }) => {
        traceCompared(ctx, value, kind === 'found' ? list : undefined)
        return kind === 'found' ? value : undefined
      })
    }
    return then(firstOf(pairs, look), (found) => {
      if (found === undefined) return false
      if (captures) ctx.variables.setMatched([found])
      return true
    })
  },
}

const VALID_EXT_LIST: WordDef = {
  name: 'valid_ext_list',
  kind: 'test',
  positional: [{ name: 'ext-list-names', type: 'string-list' }],
  perRecipient: true,
  evaluate: (ctx, args) =>
    then(
      firstOf(args.strings('ext-list-names'), (list) =>
        then(ctx.ask({ ask: 'sieve.list', list: listName(list) }), ({ kind }) => (kind === 'found' ? undefined : true)),
      ),
      (missing) => missing === undefined,
    ),
}

export const EXTLISTS: SieveExtension = {
  name: 'extlists',
  words: [VALID_EXT_LIST],
  matchTypes: [LIST],
  tags: [{ name: 'list', on: ['redirect'] }],
}
