// SPDX-License-Identifier: Apache-2.0
/**
 * `addtag`, and the conversion tags: `addconversiontag`, `setconversiontag`, `envelope "conversiontag"` (spec filters.md
 * 4). Tags take effect when the message is queued; no test of the script sees them.
 */
import type { ActionDef } from '../action.ts'
import { limitCode } from '../limits.ts'
import type { Args, SieveExtension, WordDef } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'
import type {} from './args.ts'
import { privateExtension } from './named.ts'

/** Tags are kept in one list with this between them, so none may hold it. */
const SEPARATOR = '|'
/** Octets of one tag; a subject should stay readable. */
const MAX_TAG = 200
/** Conversion tags of one command are names. */
const MAX_CONVERSION_TAGS = 32

export const tagProblem = (tag: string): string | undefined =>
  tag.includes(SEPARATOR)
    ? `a tag has no ${SEPARATOR} in it`
    : tag.trim() === '' || /[\x00-\x1f\x7f]/.test(tag)
      ? 'a tag is one line of text'
      : Buffer.byteLength(tag) > MAX_TAG
        ? `a tag of more than ${MAX_TAG} octets`
        : undefined

/** The subject with the tags in front that do not stand in it yet: `Subject: tag original`. */
export function taggedSubject(subject: string, tags: readonly string[]): string {
  const missing = tags.filter((tag) => !subject.includes(tag))
  return [...new Set(missing), subject].join(' ').trim()
}

const ADDTAG: WordDef = {
  name: 'addtag',
  kind: 'command',
  positional: [{ name: 'tag', type: 'string' }],
  validate(word, ctx) {
    const text = word.constant('tag')
    const problem = text === undefined ? undefined : tagProblem(text)
    if (problem !== undefined) ctx.error(word.spanOf('tag'), 'tag', problem)
  },
  execute(ctx, args) {
    const tag = args.string('tag')
    const problem = tagProblem(tag)
    if (problem !== undefined) return ctx.fail('tag', problem, args)
    ctx.act({ kind: 'addtag', args: { tag } }, args)
    return undefined
  },
}

const ADDTAG_ACTION: ActionDef = {
  name: 'addtag',
  cancelsImplicitKeep: false,
  internal: true,
  limit: 'addtags',
  start: async () => ({ kind: 'skipped', reason: 'the host puts tags into the subject' }),
}

function conversionTags(ctx: RunContext, args: Args): readonly string[] {
  const tags = args.strings('tags')
  if (tags.length > MAX_CONVERSION_TAGS)
    return ctx.fail(limitCode('listEntries'), `more than ${MAX_CONVERSION_TAGS} conversion tags`, args)
  // They are told one from the other by commas where tables see them.
  const bad = tags.find((tag) => !/^[!-+\--~]{1,64}$/.test(tag))
  return bad === undefined ? tags : ctx.fail('tag', `${JSON.stringify(bad.slice(0, 60))} is no conversion tag`, args)
}

const conversion = (name: 'addconversiontag' | 'setconversiontag'): readonly SieveExtension[] =>
  privateExtension(name, {
    words: [
      {
        name,
        kind: 'command',
        positional: [{ name: 'tags', type: 'string-list' }],
        execute: (ctx, args) => void ctx.act({ kind: name, args: { tags: conversionTags(ctx, args) } }, args),
      },
    ],
    actions: [
      {
        name,
        cancelsImplicitKeep: false,
        internal: true,
        start: async () => ({ kind: 'skipped', reason: 'the host keeps conversion tags' }),
      },
    ],
  })

export const TAGS: readonly SieveExtension[] = [
  ...privateExtension('addtag', { words: [ADDTAG], actions: [ADDTAG_ACTION] }),
  ...conversion('addconversiontag'),
  ...conversion('setconversiontag'),
  ...privateExtension('conversiontag', {
    envelopeParts: [
      {
        name: 'conversiontag',
        levels: ['system'],
        perRecipient: true,
        // Those that were there before any script ran, whatever the two actions did.
        values: ({ others }) => others?.get('conversiontag') ?? [],
      },
    ],
  }),
]
