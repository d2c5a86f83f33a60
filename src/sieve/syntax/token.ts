// SPDX-License-Identifier: Apache-2.0
/** The tokens of RFC 5228 §8.1. Put one behind the other, white space and comments too, they are the script. */
import type { Span } from '../place.ts'

export type TokenKind =
  | 'identifier'
  | 'tag'
  | 'number'
  | 'string'
  | '{'
  | '}'
  | '('
  | ')'
  | '['
  | ']'
  | ','
  | ';'
  | 'space'
  | 'comment'
  /** What is no token. It is told of once, and the parser does not see it. */
  | 'bad'
  | 'end'

export interface Token extends Span {
  readonly kind: TokenKind
  /** identifier and tag: in lower case, the tag without colon. string: what is meant. */
  readonly text: string
  /** Of a number, its quantifier counted in. */
  readonly number: number
}

/** White space and comments: what the grammar calls white-space. */
export const isTrivia = (kind: TokenKind): boolean => kind === 'space' || kind === 'comment' || kind === 'bad'
