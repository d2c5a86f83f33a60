// SPDX-License-Identifier: Apache-2.0
/**
 * Patterns of the channel keywords `filter` (the file a recipient's filter is in) and `fileinto` (the address that a
 * filed message goes to): spec filters.md 1. Letters in either case. What is put in place can be a stranger's text: a
 * value of `filter` never changes the folder, one of `fileinto` never makes another recipient.
 */

/** What a pattern can stand for. */
export interface PatternValues {
  /** `$A` */
  readonly address: string
  /** `$D` */
  readonly domain: string
  /** `$L` */
  readonly localPart: string
  /** `$U`: without a leading `_` or `~`, without the subaddress. */
  readonly user: string
  /** `$S`: the folder, of `fileinto` alone. */
  readonly folder?: string
  /** `$~`: absent where the directory names none. */
  readonly home?: string
}

/**
 * A source route, such as `@$4O:`, where `$nO` is the host that keeps the mailbox. It is taken off, as from every address
 * (RFC 5321 §3.6.1): where the channel delivers to is decided by the recipient's entry and the channel.
 */
const ROUTE = /^@(?:\$[0-9]*O|[A-Za-z0-9.-]+):/i

type Piece = { readonly text: string } | { readonly value: keyof PatternValues | 'host' }

const LETTERS: Readonly<Record<string, keyof PatternValues | 'host'>> = {
  A: 'address',
  D: 'domain',
  H: 'host',
  L: 'localPart',
  S: 'folder',
  U: 'user',
  '~': 'home',
}

/** @returns what is wrong with the pattern, or its pieces */
export function parsePattern(
  pattern: string,
  keyword: 'filter' | 'fileinto',
): { readonly problem: string } | { readonly pieces: readonly Piece[] } {
  const text = keyword === 'fileinto' ? pattern.replace(ROUTE, '') : pattern
  const pieces: Piece[] = []
  for (let at = 0; at < text.length; ) {
    const dollar = text.indexOf('$', at)
    if (dollar < 0) return { pieces: [...pieces, { text: text.slice(at) }] }
    if (dollar > at) pieces.push({ text: text.slice(at, dollar) })
    const letter = (text[dollar + 1] ?? '').toUpperCase()
    const value = LETTERS[letter]
    if (letter === '$') pieces.push({ text: '$' })
    else if (value === undefined) return { problem: `\`$${letter}\` stands for nothing` }
    else if (value === 'folder' && keyword === 'filter') return { problem: '`$S` is for the keyword fileinto alone' }
    else if (value === 'home' && keyword === 'fileinto') return { problem: '`$~` is for the keyword filter alone' }
    else pieces.push({ value })
    at = dollar + 2
  }
  return { pieces }
}

/**
 * The text with the values in place. `undefined`: a value is not there, or cannot stand in such a text.
 * @param allowed what a value may be
 */
function substituted(
  pieces: readonly Piece[],
  values: PatternValues,
  allowed: (value: string, piece: string) => boolean,
): string | undefined {
  let text = ''
  for (const piece of pieces) {
    if ('text' in piece) {
      text += piece.text
      continue
    }
    const value = piece.value === 'host' ? values.domain.split('.')[0] : values[piece.value]
    if (value === undefined || !allowed(value, piece.value)) return undefined
    text += value
  }
  return text
}

/** The path of a recipient's filter, as the pattern says; an URL's `file:` is taken off. */
export function filterPath(pattern: string, values: PatternValues): string | undefined {
  const parsed = parsePattern(pattern.replace(/^file:(?:\/\/)?/i, ''), 'filter')
  if ('problem' in parsed) return undefined
  // The home is the directory's, the rest can be anybody's.
  return substituted(parsed.pieces, values, (value, piece) =>
    piece === 'home'
      ? value.startsWith('/') && !value.includes('\0') && !value.split('/').includes('..')
      : value !== '' && !/[/\0]/.test(value) && !value.includes('..'),
  )
}

/** The address a filed message goes to, as text; who asks has to parse it. */
export function fileintoAddress(pattern: string, values: PatternValues): string | undefined {
  const parsed = parsePattern(pattern, 'fileinto')
  if ('problem' in parsed) return undefined
  return substituted(parsed.pieces, values, (value) => value !== '' && !/[\x00-\x1f\x7f]/.test(value))
}

/** `$U` of a local part. */
export function userOf(localPart: string, separator: string): string {
  const plain = localPart.replace(/^[_~]/, '')
  const at = separator === '' ? -1 : plain.indexOf(separator, 1)
  return at < 0 ? plain : plain.slice(0, at)
}
