// SPDX-License-Identifier: Apache-2.0
/**
 * `mailboxexists`, `:create`, `metadata`, `metadataexists`, `servermetadata`, `servermetadataexists`: RFC 5490;
 * `specialuse_exists`: RFC 8579; `mailboxidexists`: RFC 9042.
 */
import { TextList } from '../match/text-list.ts'
import type { SieveExtension, WordDef } from '../plugin.ts'
import { firstOf, type Maybe, then } from '../questions.ts'
import type { RunContext } from '../run-context.ts'
import { ELSEWHERE, mailboxProblem } from './fileinto.ts'

/** Every one of these is there. */
const every = (items: readonly string[], isThere: (item: string) => Maybe<boolean>): Maybe<boolean> =>
  then(
    firstOf(items, (item) => then(isThere(item), (there) => (there ? undefined : true))),
    (missing) => missing === undefined,
  )

const found = (answer: { readonly kind: 'found' | 'absent' }): boolean => answer.kind === 'found'

/** §3.1: a mailbox nothing can be delivered to does not exist. */
const MAILBOXEXISTS: WordDef = {
  name: 'mailboxexists',
  kind: 'test',
  positional: [{ name: 'mailbox-names', type: 'string-list' }],
  perRecipient: true,
  evaluate: (ctx, args) =>
    every(args.strings('mailbox-names'), (mailbox) =>
      mailboxProblem(mailbox) === undefined ? then(ctx.ask({ ask: 'sieve.mailbox', mailbox }), found) : false,
    ),
}

export const MAILBOX: SieveExtension = {
  name: 'mailbox',
  words: [MAILBOXEXISTS],
  tags: [{ name: 'create', on: ['fileinto'] }],
}

const annotation = (ctx: RunContext, mailbox: string | undefined, name: string) =>
  ctx.ask(
    mailbox === undefined
      ? { ask: 'sieve.metadata', annotation: name }
      : { ask: 'sieve.metadata', mailbox, annotation: name },
  )

/** §3.3 and §4.1: the value of one annotation. */
const metadata = (name: string, ofMailbox: boolean): WordDef => ({
  name,
  kind: 'test',
  positional: [
    ...(ofMailbox ? [{ name: 'mailbox', type: 'string' } as const] : []),
    { name: 'annotation', type: 'string' },
    { name: 'keys', type: 'string-list' },
  ],
  match: { keys: 'keys' },
  perRecipient: ofMailbox,
  evaluate: (ctx, args) =>
    then(annotation(ctx, ofMailbox ? args.string('mailbox') : undefined, args.string('annotation')), (value) =>
      args.match(TextList.of(value.kind === 'found' ? [value.value] : [])),
    ),
})

const metadataExists = (name: string, ofMailbox: boolean): WordDef => ({
  name,
  kind: 'test',
  positional: [
    ...(ofMailbox ? [{ name: 'mailbox', type: 'string' } as const] : []),
    { name: 'annotations', type: 'string-list' },
  ],
  perRecipient: ofMailbox,
  evaluate: (ctx, args) =>
    every(args.strings('annotations'), (name) =>
      then(annotation(ctx, ofMailbox ? args.string('mailbox') : undefined, name), found),
    ),
})

export const MBOXMETADATA: SieveExtension = {
  name: 'mboxmetadata',
  words: [metadata('metadata', true), metadataExists('metadataexists', true)],
}

export const SERVERMETADATA: SieveExtension = {
  name: 'servermetadata',
  words: [metadata('servermetadata', false), metadataExists('servermetadataexists', false)],
}

/** RFC 8579 §3: of any mailbox of the user, or of the one that is named. */
const SPECIALUSE_EXISTS: WordDef = {
  name: 'specialuse_exists',
  kind: 'test',
  positional: [
    { name: 'mailbox', type: 'string', optional: true },
    { name: 'special-use-attrs', type: 'string-list' },
  ],
  perRecipient: true,
  evaluate(ctx, args) {
    const mailbox = args.has('mailbox') ? { mailbox: args.string('mailbox') } : {}
    return every(args.strings('special-use-attrs'), (attribute) =>
      then(ctx.ask({ ask: 'sieve.special-use', attribute, ...mailbox }), found),
    )
  },
}

export const SPECIAL_USE: SieveExtension = {
  name: 'special-use',
  words: [SPECIALUSE_EXISTS],
  tags: [{ name: 'specialuse', value: 'string', group: ELSEWHERE, on: ['fileinto'] }],
}

/** RFC 9042 §4 */
const MAILBOXIDEXISTS: WordDef = {
  name: 'mailboxidexists',
  kind: 'test',
  positional: [{ name: 'mailbox-objectids', type: 'string-list' }],
  perRecipient: true,
  evaluate: (ctx, args) =>
    every(args.strings('mailbox-objectids'), (id) => then(ctx.ask({ ask: 'sieve.mailbox-id', id }), found)),
}

export const MAILBOXID: SieveExtension = {
  name: 'mailboxid',
  words: [MAILBOXIDEXISTS],
  tags: [{ name: 'mailboxid', value: 'string', group: ELSEWHERE, on: ['fileinto'] }],
}
