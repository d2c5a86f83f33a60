// SPDX-License-Identifier: Apache-2.0
/** `envelope`, RFC 5228 §5.4, with the parts of RFC 6009 and of plug-ins. Only the recipient of this run is "to". */
import { type SieveEnvelope, splitAddress } from '../envelope.ts'
import { TextList } from '../match/text-list.ts'
import type { AddressPartDef, Args, EnvelopePartDef, SieveExtension, WordDef } from '../plugin.ts'
import type { RunContext, Slot } from '../run-context.ts'
import { warnOfAddressKeys } from './core/never.ts'
import { offsetFor } from './date.ts'
import { datePart } from './date-parts.ts'

const PART_NAMES: readonly EnvelopePartDef[] = [
  { name: 'from', isAddress: true, values: ({ from }) => (from === undefined ? [] : [from]) },
  { name: 'to', isAddress: true, perRecipient: true, values: ({ to }) => (to === undefined ? [] : [to]) },
  { name: 'auth', isAddress: true, values: ({ auth }) => (auth === undefined ? [] : [auth]) },
]

/** Values of this envelope, by the part of the address, then by the parts of the envelope. */
interface Kept {
  envelope: SieveEnvelope | undefined
  readonly lists: Map<AddressPartDef | undefined, Map<string, TextList>>
}
const KEPT: Slot<Kept> = { name: 'envelope', init: () => ({ envelope: undefined, lists: new Map() }) }

const ENVELOPE: WordDef = {
  name: 'envelope',
  kind: 'test',
  positional: [
    { name: 'envelope-part', type: 'string-list' },
    { name: 'keys', type: 'string-list' },
  ],
  match: { keys: 'keys' },
  addressPart: true,
  perRecipient(word) {
    // A part named by a variable may be any.
    return word.constants('envelope-part').some((part = '') => word.data.get(part) !== 'message')
  },
  validate(word, ctx) {
    // Of other parts a key may be anything.
    if (word.constants('envelope-part').every((part) => ctx.envelopePart(part ?? '')?.isAddress === true))
      warnOfAddressKeys(word, ctx)
    for (const [i, constant] of word.constants('envelope-part').entries()) {
      if (constant === undefined) continue
      const part = ctx.envelopePart(constant)
      if (part === undefined)
        ctx.error(
          word.spanOf('envelope-part', i),
          'envelope-part',
          `${JSON.stringify(constant.slice(0, 40))} is no part of the envelope`,
        )
      else if (part.extension !== undefined && !ctx.enabled(part.extension))
        ctx.error(
          word.spanOf('envelope-part', i),
          'missing-require',
          `envelope "${constant}" needs require "${part.extension}"`,
        )
      else word.data.set(constant, part.perRecipient === true ? 'recipient' : 'message')
    }
  },
  evaluate(ctx, args) {
    const names = args.list('envelope-part')
    if (args.has('zone')) return args.match(listOf(ctx, args, names))
    const kept = keptOf(ctx, args.word.shape.addressPart)
    let list = kept.get(names.key)
    if (list === undefined) {
      list = listOf(ctx, args, names)
      if (kept.size < 100) kept.set(names.key, list)
    }
    return args.match(list)
  },
}

function keptOf(ctx: RunContext, part: AddressPartDef | undefined): Map<string, TextList> {
  const kept = ctx.perRun(KEPT)
  if (kept.envelope !== ctx.envelope) {
    kept.envelope = ctx.envelope
    kept.lists.clear()
  }
  const known = kept.lists.get(part)
  if (known !== undefined) return known
  const made = new Map<string, TextList>()
  kept.lists.set(part, made)
  return made
}

const listOf = (ctx: RunContext, args: Args, names: TextList): TextList =>
  TextList.of(names.texts.flatMap((name) => values(ctx, args, name)))

function values(ctx: RunContext, args: Args, name: string): readonly string[] {
  const part = ctx.envelopePart(name)
  if (part === undefined)
    return ctx.fail('envelope-part', `${JSON.stringify(name.slice(0, 40))} is no part of the envelope`, args)
  const given = part.values(ctx.envelope, (ms) => offsetFor(ctx, args, { ms, offsetMinutes: 0 }))
  const found = typeof given === 'string' ? [given] : given
  if (part.isAddress !== true) return found
  // RFC 5231 §4.2: nothing to count.
  if (args.word.shape.match?.type.name === 'count') return found.filter((address) => address !== '')
  // §5.4: a null reverse-path is the empty string, whatever the address part.
  return found.flatMap((address) => (address === '' ? '' : (args.addressPart(splitAddress(address)) ?? [])))
}

export const ENVELOPE_EXTENSION: SieveExtension = { name: 'envelope', words: [ENVELOPE], envelopeParts: PART_NAMES }

/** RFC 6009 §3: `NOTIFY`, `RET`, `ORCPT` and `ENVID` of the envelope. */
export const ENVELOPE_DSN: SieveExtension = {
  name: 'envelope-dsn',
  envelopeParts: [
    { name: 'notify', extension: 'envelope-dsn', perRecipient: true, values: ({ notify }) => notify ?? [] },
    {
      name: 'orcpt',
      extension: 'envelope-dsn',
      perRecipient: true,
      values: ({ orcpt }) => (orcpt === undefined ? [] : [orcpt]),
    },
    { name: 'ret', extension: 'envelope-dsn', values: ({ ret }) => (ret === undefined ? [] : [ret]) },
    { name: 'envid', extension: 'envelope-dsn', values: ({ envid }) => (envid === undefined ? [] : [envid]) },
  ],
}

/** RFC 6009 §5: BY of RFC 2852. The absolute time is ISO 8601 in the zone of `:zone`, else that of the server. */
export const ENVELOPE_DELIVERBY: SieveExtension = {
  name: 'envelope-deliverby',
  tags: [{ name: 'zone', value: 'string', on: ['envelope'] }],
  envelopeParts: [
    {
      name: 'bytimeabsolute',
      extension: 'envelope-deliverby',
      values: ({ byTime }, offset) => (byTime === undefined ? [] : (datePart('iso8601', byTime, offset(byTime)) ?? [])),
    },
    {
      name: 'bytimerelative',
      extension: 'envelope-deliverby',
      values: ({ byTimeRelative }) => (byTimeRelative === undefined ? [] : String(byTimeRelative)),
    },
    {
      name: 'bymode',
      extension: 'envelope-deliverby',
      values: ({ byMode }) => (byMode === undefined ? [] : byMode === 'R' ? 'return' : 'notify'),
    },
    {
      name: 'bytrace',
      extension: 'envelope-deliverby',
      values: ({ byTrace, byMode }) => (byMode === undefined ? [] : byTrace === true ? 'true' : 'false'),
    },
  ],
}
