// SPDX-License-Identifier: Apache-2.0
/** `foreverypart`, `break`, `:mime`, `extracttext`, `replace`, `enclose`: RFC 5703. */

import { decodedText, type MimePart } from '../../mime/structure.ts'
import type { CompiledWord } from '../compiled.ts'
import { limitCode } from '../limits.ts'
import { SieveMessage } from '../message.ts'
import type { Args, SieveExtension, ValidateContext, WordDef } from '../plugin.ts'
import { isAsking, type SieveAsking } from '../questions.ts'
import { type Ended, NORMAL } from '../run/ended.ts'
import type { RunContext } from '../run-context.ts'
import { within } from './body.ts'
import { currentLoop, currentPart, LOOPS, partAt, replaceWith } from './core/loops.ts'
import { enclosed, replacedMessage, replacedPart } from './rebuild.ts'
import { sieveAddress } from './sieve-address.ts'
import { assign, checkVariableName } from './variables.ts'

const nameOf = (word: CompiledWord): string | undefined => word.constant('name')

const loopsAround = (ctx: ValidateContext): readonly CompiledWord[] =>
  ctx.inside.filter(({ def }) => def.name === 'foreverypart')

/** §3: every part, depth first; within another loop the parts within its part. */
const FOREVERYPART: WordDef = {
  name: 'foreverypart',
  kind: 'command',
  tags: [{ name: 'name', value: 'string', literal: true }],
  block: 'required',
  validate(word, ctx) {
    if (loopsAround(ctx).length >= ctx.limits.loopDepth)
      ctx.error(word.nameSpan, limitCode('loopDepth'), `more than ${ctx.limits.loopDepth} loops within each other`)
  },
  execute: everyPart,
}

/** Where a part and all within it stand, depth first. */
function* pathsWithin(part: MimePart, path: readonly number[]): Iterable<readonly number[]> {
  yield path
  for (const [at, child] of part.children.entries()) yield* pathsWithin(child, [...path, at])
}

function* everyPart(ctx: RunContext, args: Args): SieveAsking<Ended> {
  const { all: loops } = ctx.perRun(LOOPS)
  if (loops.length >= ctx.limits.loopDepth)
    ctx.fail(limitCode('loopDepth'), `more than ${ctx.limits.loopDepth} loops within each other`, args)
  const outer = currentLoop(ctx)
  const paths = [...pathsWithin(outer?.part ?? ctx.message.root, outer?.path ?? [])]
  // Within another loop: the parts within its part.
  for (const path of outer === undefined ? paths : paths.slice(1)) {
    ctx.spend(1)
    // §5: a part that went when another one was replaced is not visited.
    const part = partAt(ctx.message.root, path)
    if (part === undefined) continue
    loops.push({ path, part })
    const running = args.runBlock()
    const ended = isAsking(running) ? yield* running : running
    loops.pop()
    if (ended.how === 'normal') continue
    const mine = ended.how === 'break' && (ended.label === undefined || ended.label === nameOf(args.word))
    return mine ? NORMAL : ended
  }
  return NORMAL
}

/** §3.2 */
const BREAK: WordDef = {
  name: 'break',
  kind: 'command',
  ends: true,
  tags: [{ name: 'name', value: 'string', literal: true }],
  validate(word, ctx) {
    const label = nameOf(word)
    const loops = loopsAround(ctx)
    if (loops.length === 0) ctx.error(word.nameSpan, 'misplaced', 'break outside of any foreverypart')
    else if (label !== undefined && !loops.some((loop) => nameOf(loop) === label))
      ctx.error(word.nameSpan, 'break-label', `no foreverypart around this is named ${JSON.stringify(label)}`)
  },
  execute(_ctx, args) {
    const label = nameOf(args.word)
    return label === undefined ? { how: 'break' } : { how: 'break', label }
  },
}

export const FOREVERYPART_EXTENSION: SieveExtension = { name: 'foreverypart', words: [FOREVERYPART, BREAK] }

const TESTS = ['header', 'address', 'exists']

/** §4 */
export const MIME: SieveExtension = {
  name: 'mime',
  tags: [
    { name: 'mime', on: TESTS },
    { name: 'anychild', needs: 'mime', on: TESTS },
    { name: 'type', group: 'mime option', needs: 'mime', on: ['header'] },
    { name: 'subtype', group: 'mime option', needs: 'mime', on: ['header'] },
    { name: 'contenttype', group: 'mime option', needs: 'mime', on: ['header'] },
    { name: 'param', value: 'string-list', group: 'mime option', needs: 'mime', on: ['header'] },
  ],
}

/** §7: the text of the part goes into a variable. */
const EXTRACTTEXT: WordDef = {
  name: 'extracttext',
  kind: 'command',
  tags: [{ name: 'first', value: 'number' }],
  positional: [{ name: 'variable', type: 'string', literal: true }],
  validate(word, ctx) {
    if (!ctx.enabled('variables')) ctx.error(word.nameSpan, 'missing-require', 'extracttext needs require "variables"')
    if (loopsAround(ctx).length === 0) ctx.error(word.nameSpan, 'misplaced', 'extracttext outside of any foreverypart')
    const name = word.constant('variable')
    if (name !== undefined) checkVariableName(name, word, ctx, 'variable')
  },
  execute(ctx, args) {
    let text = textOf(ctx, currentPart(ctx))
    if (args.has('first')) text = [...text.slice(0, 2 * args.number('first'))].slice(0, args.number('first')).join('')
    for (const { name, apply } of ctx.modifiers()) if (args.has(name)) text = apply(text)
    assign(ctx, args.word, args.string('variable'), text)
    return undefined
  },
}

/** Of parts that are text; others have none. */
const textOf = (ctx: RunContext, part: MimePart): string =>
  part.contentType.type.startsWith('text/') ? decodedText({ ...part, body: within(ctx, part.body) }) : ''

export const EXTRACTTEXT_EXTENSION: SieveExtension = { name: 'extracttext', words: [EXTRACTTEXT] }

function checkText(ctx: RunContext, args: Args, text: string): void {
  if (Buffer.byteLength(text) > ctx.limits.textBytes)
    ctx.fail(limitCode('textBytes'), `a text of more than ${ctx.limits.textBytes} octets`, args)
  if (text.includes('\0')) ctx.fail('nul', 'a NUL in a text', args)
}

/** §5: another text in place of the part, or of the whole message outside of a loop. */
const REPLACE: WordDef = {
  name: 'replace',
  kind: 'command',
  tags: [{ name: 'mime' }, { name: 'subject', value: 'string' }, { name: 'from', value: 'string' }],
  positional: [{ name: 'replacement', type: 'string' }],
  validate(word, ctx) {
    if (word.has('mime') && (word.has('subject') || word.has('from')))
      ctx.error(word.nameSpan, 'exclusive-tags', ':mime brings its own header: no :subject or :from beside it')
    const text = word.constant('from')
    if (text !== undefined && sieveAddress(text) === undefined)
      ctx.error(word.spanOf('from'), 'address', `${JSON.stringify(text.slice(0, 80))} is no mail address`)
  },
  execute(ctx, args) {
    const text = args.string('replacement')
    checkText(ctx, args, text)
    const part = currentLoop(ctx)?.part
    const { message } = ctx
    const subject = args.has('subject') ? args.string('subject') : undefined
    const from = args.has('from') ? args.string('from') : undefined
    const rebuilt =
      part === undefined || part === message.root
        ? replacedMessage(message, text, args.has('mime'), subject, from)
        : replacedPart(message, part, text, args.has('mime'))
    if (rebuilt === undefined) ctx.note('warning', 'replace', 'a part inside an encoded message stays as it is', args)
    else replaceWith(ctx, SieveMessage.parse(rebuilt, { insteadOf: message }))
    return undefined
  },
}

export const REPLACE_EXTENSION: SieveExtension = { name: 'replace', words: [REPLACE] }

/** §6: the message becomes an attachment of a new one. */
const ENCLOSE: WordDef = {
  name: 'enclose',
  kind: 'command',
  tags: [
    { name: 'subject', value: 'string' },
    { name: 'headers', value: 'string-list' },
  ],
  positional: [{ name: 'text', type: 'string' }],
  execute(ctx, args) {
    const text = args.string('text')
    checkText(ctx, args, text)
    const subject = args.has('subject') ? args.string('subject') : undefined
    const { message } = ctx
    const around = enclosed(message, text, subject, args.has('headers') ? args.strings('headers') : [])
    ctx.replaceMessage(SieveMessage.parse(around, { insteadOf: message, encloses: true }))
    return undefined
  },
}

export const ENCLOSE_EXTENSION: SieveExtension = { name: 'enclose', words: [ENCLOSE] }
