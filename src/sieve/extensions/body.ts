// SPDX-License-Identifier: Apache-2.0
/** `body`, RFC 5173. Texts are decoded once a message, up to a limit; the rest of a larger body is not looked at. */

import { headerText } from '../../mime/encoded-word.ts'
import { decodedText, type MimePart } from '../../mime/structure.ts'
import { TextList } from '../match/text-list.ts'
import type { Args, SieveExtension, WordDef } from '../plugin.ts'
import type { RunContext, Slot } from '../run-context.ts'
import { withChildren } from './core/header-fields.ts'

/** What was made of the body so far, by what was asked for. */
const TEXTS: Slot<Map<string, TextList>> = { name: 'body', init: () => new Map() }
/** Octets of bodies decoded in this run. */
const DECODED: Slot<{ octets: number }> = { name: 'body octets', init: () => ({ octets: 0 }) }

const BODY: WordDef = {
  name: 'body',
  kind: 'test',
  tags: [
    { name: 'raw', group: 'transform' },
    { name: 'content', value: 'string-list', group: 'transform' },
    { name: 'text', group: 'transform' },
  ],
  positional: [{ name: 'keys', type: 'string-list' }],
  match: { keys: 'keys', noCaptures: true },
  evaluate: (ctx, args) => args.match(texts(ctx, args)),
}

/** §4: without a body nothing matches. */
const NONE = TextList.of([])

function texts(ctx: RunContext, args: Args): TextList {
  if (ctx.message.headerOnly) return NONE
  const types = args.has('content') ? args.strings('content') : ['text']
  const key = args.has('raw') ? 'raw' : types.join('\n')
  const kept = ctx.perMessage(TEXTS)
  let list = kept.get(key)
  if (list === undefined) {
    list = TextList.of(args.has('raw') ? [raw(ctx)] : types.flatMap((type) => contentTexts(ctx, type)))
    if (kept.size < 100) kept.set(key, list)
  }
  return list
}

/** §5.1: the body as it is, nothing decoded. */
const raw = (ctx: RunContext): string => headerText(within(ctx, ctx.message.body))

/** As much as may still be looked at. */
export function within(ctx: RunContext, bytes: Buffer): Buffer {
  const used = ctx.perRun(DECODED)
  const taken = bytes.subarray(0, Math.max(0, ctx.limits.bodyBytes - used.octets))
  used.octets += taken.length
  ctx.spend(taken.length >> 8)
  return taken
}

/** §5.2: parts of these types, each a text of its own. */
function contentTexts(ctx: RunContext, wanted: string): readonly string[] {
  const type = wanted.toLowerCase()
  // A malformed type matches nothing.
  if (type.startsWith('/') || type.endsWith('/') || type.split('/').length > 2) return []
  const found: string[] = []
  for (const part of withChildren(ctx.message.root)) {
    ctx.spend(1)
    const { type: own } = part.contentType
    if (type === '' || own === type || own.startsWith(`${type}/`)) found.push(...partTexts(ctx, part))
  }
  return found
}

function partTexts(ctx: RunContext, part: MimePart): readonly string[] {
  if (part.prologue !== undefined) {
    const around = [part.prologue, part.epilogue ?? Buffer.alloc(0)]
    return around.map((bytes) => headerText(within(ctx, bytes)))
  }
  const [inner] = part.children
  // §5.2: of message/rfc822 its header.
  if (inner !== undefined) return [headerText(within(ctx, inner.header))]
  return [decodedText({ ...part, body: within(ctx, part.body) })]
}

export const BODY_EXTENSION: SieveExtension = { name: 'body', words: [BODY] }
