// SPDX-License-Identifier: Apache-2.0
/**
 * Addresses of From, To, Cc and their like, RFC 5322 §3.4, with groups, comments, routes and the white space of §4.4.
 * Tolerant: what is no mailbox is left out, the others are found. Linear; comments nest without recursion.
 *
 *   address = mailbox / group          group = display-name ":" [mailbox-list] ";"
 *   mailbox = [display-name] "<" [route] addr-spec ">" / addr-spec
 */

export interface HeaderMailbox {
  /** Without quotes and backslashes. */
  readonly local: string
  /** As written; a literal with its brackets. Empty where an address has none. */
  readonly domain: string
  /** The display name as written, quotes undone, encoded words not. */
  readonly name: string
}

/** Mailboxes read of one field. */
const MAX_MAILBOXES = 20_000

type Item =
  | { readonly kind: 'word'; readonly text: string; readonly blank: boolean }
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'special'; readonly text: string }

export function parseAddressList(value: string): readonly HeaderMailbox[] {
  const found: HeaderMailbox[] = []
  let items: Item[] = []
  let inAngle = false
  const finish = (): void => {
    const mailbox = mailboxOf(items)
    if (mailbox !== undefined && found.length < MAX_MAILBOXES) found.push(mailbox)
    items = []
    inAngle = false
  }
  for (const item of itemsOf(value)) {
    if (item.kind === 'special') {
      if (item.text === '<') inAngle = true
      else if (item.text === '>') inAngle = false
      else if (!inAngle && (item.text === ',' || item.text === ';')) {
        finish()
        continue
      } else if (!inAngle && item.text === ':') {
        items = [] // the name of a group
        continue
      } else if (inAngle && item.text === ':') {
        // obs-route: what stands before the colon goes.
        items = items.slice(0, items.findLastIndex((i) => i.kind === 'special' && i.text === '<') + 1)
        continue
      }
    }
    items.push(item)
  }
  finish()
  return found
}

const SPECIALS = new Set('<>,;:@.')
const ATOM = /[^\s"()<>,;:@.[\]\\]+/y

function* itemsOf(value: string): Iterable<Item> {
  let blank = false
  for (let at = 0; at < value.length; ) {
    const character = value[at] ?? ''
    if (character === '(') {
      at = behindComment(value, at)
      blank = true
    } else if (character === '"') {
      const end = behindQuoted(value, at)
      yield { kind: 'word', text: value.slice(at + 1, end - 1).replace(/\\([\s\S])/g, '$1'), blank }
      blank = false
      at = end
    } else if (character === '[') {
      const close = value.indexOf(']', at)
      const end = close < 0 ? value.length : close + 1
      yield { kind: 'literal', text: value.slice(at, end).replace(/\s/g, '') }
      at = end
    } else if (SPECIALS.has(character)) {
      yield { kind: 'special', text: character }
      blank = false
      at++
    } else {
      ATOM.lastIndex = at
      const atom = ATOM.exec(value)?.[0]
      if (atom === undefined) {
        blank = true
        at++
        continue
      }
      yield { kind: 'word', text: atom, blank }
      blank = false
      at += atom.length
    }
  }
}

function behindComment(value: string, from: number): number {
  let depth = 0
  for (let at = from; at < value.length; at++) {
    const character = value[at]
    if (character === '\\') at++
    else if (character === '(') depth++
    else if (character === ')' && --depth === 0) return at + 1
  }
  return value.length
}

function behindQuoted(value: string, from: number): number {
  for (let at = from + 1; at < value.length; at++) {
    if (value[at] === '\\') at++
    else if (value[at] === '"') return at + 1
  }
  return value.length + 1
}

/** The mailbox these items make, if they make one. */
function mailboxOf(items: readonly Item[]): HeaderMailbox | undefined {
  const open = items.findIndex((item) => item.kind === 'special' && item.text === '<')
  if (open < 0) return addrSpec(items, '')
  const close = items.findIndex((item, i) => i > open && item.kind === 'special' && item.text === '>')
  const inside = items.slice(open + 1, close < 0 ? undefined : close)
  return addrSpec(inside, displayName(items.slice(0, open)))
}

const displayName = (items: readonly Item[]): string => {
  let name = ''
  for (const item of items) name += item.kind === 'word' && item.blank && name !== '' ? ` ${item.text}` : item.text
  return name.trim()
}

/** addr-spec = local-part "@" domain; words of a local part are joined by dots alone. */
function addrSpec(items: readonly Item[], name: string): HeaderMailbox | undefined {
  const at = items.findLastIndex((item) => item.kind === 'special' && item.text === '@')
  if (at <= 0) return undefined
  const local = dotted(items.slice(0, at))
  const domain = dotted(items.slice(at + 1))
  return local === undefined || domain === undefined || domain === '' ? undefined : { local, domain, name }
}

function dotted(items: readonly Item[]): string | undefined {
  let text = ''
  let wordLast = false
  for (const item of items) {
    const dot = item.kind === 'special'
    if (dot && item.text !== '.') return undefined
    if (!dot && wordLast) return undefined // two words without a dot between them
    text += item.text
    wordLast = !dot
  }
  return text
}
