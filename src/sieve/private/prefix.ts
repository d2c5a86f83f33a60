// SPDX-License-Identifier: Apache-2.0
/** `addprefix "text"`: puts a text in front of the first text part (spec filters.md 4). */
import { decodedText, type MimePart } from '../../mime/structure.ts'
import { withChildren } from '../extensions/core/header-fields.ts'
import { replacedMessage, replacedPart } from '../extensions/rebuild.ts'
import { limitCode } from '../limits.ts'
import { SieveMessage } from '../message.ts'
import type { WordDef } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'
import { PREFIXED_TYPE } from '../unsure.ts'
import { privateExtension } from './named.ts'

function firstText(ctx: RunContext): MimePart | undefined {
  for (const part of withChildren(ctx.message.root)) {
    ctx.spend(1)
    if (part.contentType.type === PREFIXED_TYPE) return part
  }
  return undefined
}

const ADDPREFIX: WordDef = {
  name: 'addprefix',
  kind: 'command',
  positional: [{ name: 'text', type: 'string' }],
  execute(ctx, args) {
    const prefix = args.string('text')
    if (Buffer.byteLength(prefix) > ctx.limits.textBytes)
      return ctx.fail(limitCode('textBytes'), `a text of more than ${ctx.limits.textBytes} octets`, args)
    const part = firstText(ctx)
    const { message } = ctx
    // A part that is too large to be read whole must not be cut.
    if (part === undefined || part.body.length > ctx.limits.bodyBytes) {
      ctx.note('warning', 'addprefix', 'there is no text part to put a prefix to', args)
      return undefined
    }
    const text = prefix + decodedText(part)
    const rebuilt =
      part === message.root
        ? replacedMessage(message, text, false, undefined, undefined)
        : replacedPart(message, part, text, false)
    if (rebuilt === undefined) ctx.note('warning', 'addprefix', 'a part inside an encoded message stays as it is', args)
    else ctx.replaceMessage(SieveMessage.parse(rebuilt, { insteadOf: message }))
    return undefined
  },
}

export const ADDPREFIX_EXTENSION = privateExtension('addprefix', { words: [ADDPREFIX] })
