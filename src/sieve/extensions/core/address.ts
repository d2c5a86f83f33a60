// SPDX-License-Identifier: Apache-2.0
/** `address`, RFC 5228 §5.1: addresses of fields that have some, without comments and display names. */
import { type HeaderMailbox, parseAddressList } from '../../../mime/address-list.ts'
import { TextList } from '../../match/text-list.ts'
import type { Field } from '../../message.ts'
import type { AddressPartDef, Args, WordDef } from '../../plugin.ts'
import type { RunContext, Slot } from '../../run-context.ts'
import { checkFieldNames, selectFields } from './header-fields.ts'
import { warnOfAddressKeys } from './never.ts'

/** Fields with an address-list; §5.1 names the first seven. */
const ADDRESS_FIELDS = new Set([
  ...['from', 'to', 'cc', 'bcc', 'sender', 'resent-from', 'resent-to', 'resent-cc', 'resent-bcc', 'resent-sender'],
  ...['reply-to', 'resent-reply-to', 'return-path', 'delivered-to', 'x-original-to', 'envelope-to', 'errors-to'],
  ...['x-envelope-to', 'x-envelope-from', 'x-delivered-to', 'apparently-to', 'disposition-notification-to'],
  ...['mail-followup-to', 'mail-reply-to', 'return-receipt-to', 'approved', 'abuse-reports-to', 'x-beenthere'],
])

const ADDRESSES = new WeakMap<Field, readonly HeaderMailbox[]>()

export function addressesOf(ctx: RunContext, field: Field): readonly HeaderMailbox[] {
  let found = ADDRESSES.get(field)
  if (found === undefined) {
    ctx.spend(1 + (field.value.length >> 7))
    found = parseAddressList(field.value)
    ADDRESSES.set(field, found)
  }
  return found
}

/** By the part of the address, then by the fields. */
const KEPT: Slot<Map<AddressPartDef | undefined, Map<string, TextList>>> = { name: 'address', init: () => new Map() }

export const ADDRESS: WordDef = {
  name: 'address',
  kind: 'test',
  positional: [
    { name: 'header-list', type: 'string-list' },
    { name: 'keys', type: 'string-list' },
  ],
  match: { keys: 'keys' },
  addressPart: true,
  validate(word, ctx) {
    checkFieldNames(word, ctx, 'header-list')
    warnOfAddressKeys(word, ctx)
    for (const [i, constant] of word.constants('header-list').entries())
      if (constant !== undefined && !ADDRESS_FIELDS.has(constant.toLowerCase()))
        ctx.error(
          word.spanOf('header-list', i),
          'header-not-address',
          `${constant.slice(0, 60)} is no field with addresses`,
        )
  },
  evaluate(ctx, args) {
    const names = args.list('header-list')
    if (args.has('mime') || args.has('index')) return args.match(TextList.of(partsOf(ctx, args, names.texts)))
    const kept = keptOf(ctx, args.word.shape.addressPart)
    let list = kept.get(names.key)
    if (list === undefined) {
      list = TextList.of(partsOf(ctx, args, names.texts))
      if (kept.size < 1000) kept.set(names.key, list)
    }
    return args.match(list)
  },
}

function keptOf(ctx: RunContext, part: AddressPartDef | undefined): Map<string, TextList> {
  const all = ctx.perMessage(KEPT)
  let kept = all.get(part)
  if (kept === undefined) {
    kept = new Map()
    all.set(part, kept)
  }
  return kept
}

function partsOf(ctx: RunContext, args: Args, names: readonly string[]): readonly string[] {
  const known = names.filter((name) => ADDRESS_FIELDS.has(name.toLowerCase()))
  const fields = selectFields(ctx, args, known)
  return fields.flatMap((field) => addressesOf(ctx, field)).flatMap((address) => args.addressPart(address) ?? [])
}

/** RFC 5228 §2.7.4 */
export const ADDRESS_PARTS: readonly AddressPartDef[] = [
  { name: 'all', part: ({ local, domain }) => (domain === '' ? local : `${local}@${domain}`) },
  { name: 'localpart', part: ({ local }) => local },
  { name: 'domain', part: ({ domain }) => domain },
]
