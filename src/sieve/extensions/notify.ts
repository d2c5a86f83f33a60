// SPDX-License-Identifier: Apache-2.0
/**
 * The old `notify` and `denotify`, draft-ietf-sieve-notify-00. What they ask for is what `enotify` asks for with `mailto:`
 * (spec filters.md 3): method `mailto`, addresses in `:options`. A message with several lines is the text of the
 * notification, its first line the subject.
 */
import { decodedText, type MimePart } from '../../mime/structure.ts'
import type { NotifyArgs } from '../action.ts'
import { isAction } from '../action.ts'
import { limitCode } from '../limits.ts'
import { matchUnits, parseWildcards } from '../match/wildcard.ts'
import type { Args, SieveExtension, WordDef } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'
import { within } from './body.ts'
import { fccArgs } from './fcc.ts'
import { MAILTO } from './mailto.ts'
import { sieveAddress } from './sieve-address.ts'

const PRIORITIES = { high: '1', normal: '2', low: '3' } as const
const priorityTags = Object.keys(PRIORITIES).map((name) => ({ name, group: 'priority' }))

const DEFAULT_MESSAGE = '$from$: $subject$'
/** Characters of the message's text that `$text$` stands for at most. */
const MAX_TEXT = 1000

const NOTIFY: WordDef = {
  name: 'notify',
  kind: 'command',
  tags: [
    { name: 'method', value: 'string' },
    { name: 'id', value: 'string' },
    { name: 'options', value: 'string-list' },
    { name: 'message', value: 'string' },
    ...priorityTags,
  ],
  perRecipient: true,
  validate(word, ctx) {
    const method = word.constant('method')
    if (method !== undefined && !isMailto(method))
      ctx.error(word.spanOf('method'), 'notify-method', `nothing notifies by ${JSON.stringify(method.slice(0, 40))}`)
    if (!word.has('options')) ctx.error(word.nameSpan, 'missing-tag', 'notify needs :options with addresses')
  },
  execute(ctx, args) {
    if (args.has('method') && !isMailto(args.string('method')))
      return ctx.fail('notify-method', 'nothing notifies by this method', args)
    const addresses = args.strings('options')
    const bad = addresses.find((text) => sieveAddress(text) === undefined)
    if (bad !== undefined) return ctx.fail('address', `${JSON.stringify(bad.slice(0, 60))} is no mail address`, args)
    const text = filledIn(args.has('message') ? args.string('message') : DEFAULT_MESSAGE, ctx)
    if (Buffer.byteLength(text) > ctx.limits.textBytes)
      return ctx.fail(limitCode('textBytes'), `a message of more than ${ctx.limits.textBytes} octets`, args)
    const [first = '', ...more] = text.split(/\r?\n/)
    const body = more.some((line) => line !== '') ? `?body=${encodeURIComponent(text)}` : ''
    const uri = `mailto:${addresses.map(encodeURIComponent).join(',')}${body}`
    const problem = MAILTO.problem(uri)
    if (problem !== undefined) return ctx.fail('notify-method', problem, args)
    const suppressed = MAILTO.suppressed?.(ctx)
    const fcc = fccArgs(args)
    const notification: NotifyArgs = {
      uri,
      importance: PRIORITIES[priorityOf(args) ?? 'normal'],
      options: [],
      message: first,
      ...(args.has('id') ? { id: args.string('id') } : {}),
      ...(fcc === undefined ? {} : { fcc }),
      ...(suppressed === undefined ? {} : { suppressed }),
    }
    ctx.act({ kind: 'notify', args: notification }, args)
    return undefined
  },
}

const isMailto = (method: string): boolean => method.toLowerCase() === 'mailto'

const priorityOf = (args: Args): keyof typeof PRIORITIES | undefined =>
  (['high', 'normal', 'low'] as const).find((name) => args.has(name))

/** `$from$`, `$env-from$`, `$subject$`, `$text$`, `$text[N]$`; anything else stays as it is. */
const filledIn = (message: string, ctx: RunContext): string =>
  message.replace(
    /\$(from|env-from|subject|text(?:\[(\d{1,6})\])?)\$/g,
    (_, name: string, count: string | undefined) => {
      if (name === 'env-from') return ctx.envelope.from ?? ''
      if (name === 'from' || name === 'subject') return ctx.message.fieldsNamed(name)[0]?.decoded ?? ''
      return [...textOf(ctx)].slice(0, Math.min(Number(count ?? MAX_TEXT), MAX_TEXT)).join('')
    },
  )

/** Of the first part that is plain text. */
function textOf(ctx: RunContext): string {
  const part = ctx.message.headerOnly ? undefined : firstText(ctx.message.root)
  return part === undefined ? '' : decodedText({ ...part, body: within(ctx, part.body) })
}

const firstText = (part: MimePart): MimePart | undefined =>
  part.contentType.type === 'text/plain' ? part : part.children.map(firstText).find((found) => found !== undefined)

/** The draft puts the id behind the match type, and a priority may follow: each match type has the id as its value. */
const ID_TAGS = ['is', 'contains', 'matches'] as const

/** Takes back what was asked for before: those with this id, of this priority, or all. Ids are compared exactly. */
const DENOTIFY: WordDef = {
  name: 'denotify',
  kind: 'command',
  tags: [...ID_TAGS.map((name) => ({ name, value: 'string' as const, group: 'id' })), ...priorityTags],
  execute(ctx, args) {
    const priority = priorityOf(args)
    const how = ID_TAGS.find((name) => args.has(name))
    for (const action of ctx.actions.all) {
      if (!isAction(action, 'notify') || action.earlier || action.executed) continue
      const { id, importance } = action.args
      if (priority !== undefined && importance !== PRIORITIES[priority]) continue
      if (how === undefined || (id !== undefined && isMeant(ctx, how, id, args.string(how)))) ctx.actions.remove(action)
    }
    return undefined
  },
}

function isMeant(ctx: RunContext, how: (typeof ID_TAGS)[number], id: string, key: string): boolean {
  if (how === 'is') return id === key
  if (how === 'contains') return id.includes(key)
  return (
    matchUnits(
      parseWildcards(key, (text) => text, characters),
      characters(id),
      (steps) => ctx.spend(steps),
    ) !== undefined
  )
}

const characters = (text: string): readonly string[] => [...text]

export const OLD_NOTIFY: SieveExtension = {
  name: 'notify',
  hidden: true,
  deprecated: 'write "enotify"',
  beside: 'enotify',
  words: [NOTIFY, DENOTIFY],
}
