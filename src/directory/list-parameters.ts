// SPDX-License-Identifier: Apache-2.0
/**
 * Named parameters of a mailing list in the alias file, `[AUTH_MAPPING] TABLE`: spec access-control.md 11. Files of
 * addresses are read as included files are, one address a line; `@example.org` and `*@example.org` there mean everybody
 * of that domain.
 */
import { parseAddress } from '../address/path.ts'
import type { ListAccess, ListClause, SenderTest } from '../ask/list-access.ts'

/** What each parameter takes. */
const PARAMETERS = {
  AUTH_LIST: 'a file',
  AUTH_MAPPING: 'a table',
  CANT_LIST: 'a file',
  CANT_MAPPING: 'a table',
  MODERATOR_ADDRESS: 'an address',
  MODERATOR_LIST: 'a file',
  MODERATOR_MAPPING: 'a table',
  HOLD_MAPPING: 'a table',
  NOHOLD_MAPPING: 'a table',
  AND: '',
  OR: '',
} as const

type Name = keyof typeof PARAMETERS

export interface ListParameter {
  readonly parameter: Name
  readonly value: string
}

export const isParameter = (text: string): boolean => text.startsWith('[')

/** The parameter, or what is wrong with it. */
export function parameterOf(text: string): ListParameter | string {
  const m = /^\[([A-Za-z_]{1,40})\][ \t]*([^\s]*)$/.exec(text)
  const name = m?.[1]?.toUpperCase() ?? ''
  if (m === null || !isName(name)) return `${text.slice(0, 80)} is no parameter of a list that is known here`
  const value = m[2] ?? ''
  const takes = PARAMETERS[name]
  if (takes === '' ? value !== '' : value === '') return `[${name}] takes ${takes === '' ? 'nothing' : takes}`
  if (takes === 'an address' && parseAddress(value) === undefined) return `${value.slice(0, 80)} is no address`
  return { parameter: name, value }
}

const isName = (name: string): name is Name => Object.hasOwn(PARAMETERS, name)

/** @param read the addresses of a file, or why there are none */
export function listAccess(
  parameters: readonly ListParameter[],
  read: (file: string) => { readonly names: readonly string[] } | { readonly cause: string },
): ListAccess | undefined {
  if (parameters.length === 0) return undefined
  const clauses: ListClause[] = []
  const moderators: SenderTest[] = []
  let joined: ListClause['joined']
  const given: { -readonly [K in 'moderator' | 'hold' | 'noHold']?: ListAccess[K] } = {}
  const addresses = (file: string): SenderTest => {
    const list = read(file)
    return 'cause' in list
      ? { unknown: list.cause }
      : { addresses: list.names.map((name) => name.replace(/^\*@/, '@')) }
  }
  const clause = (kind: ListClause['kind'], test: SenderTest): void => {
    clauses.push({ kind, test, ...(joined === undefined ? {} : { joined }) })
  }
  for (const { parameter, value } of parameters) {
    switch (parameter) {
      case 'AUTH_LIST':
        clause('auth', addresses(value))
        break
      case 'AUTH_MAPPING':
        clause('auth', { mapping: value })
        break
      case 'CANT_LIST':
        clause('cant', addresses(value))
        break
      case 'CANT_MAPPING':
        clause('cant', { mapping: value })
        break
      case 'MODERATOR_ADDRESS': {
        const moderator = parseAddress(value)
        if (moderator !== undefined) given.moderator = moderator
        break
      }
      case 'MODERATOR_LIST':
        moderators.push(addresses(value))
        break
      case 'MODERATOR_MAPPING':
        moderators.push({ mapping: value })
        break
      case 'HOLD_MAPPING':
        given.hold = value
        break
      case 'NOHOLD_MAPPING':
        given.noHold = value
        break
      case 'AND':
        joined = 'and'
        break
      case 'OR':
        joined = 'or'
        break
      default:
        parameter satisfies never
    }
  }
  return { clauses, moderators, ...given }
}
