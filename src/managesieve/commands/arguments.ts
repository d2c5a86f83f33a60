// SPDX-License-Identifier: Apache-2.0
/** What a command takes, and what stood behind its name. */
import type { Action } from '../action.ts'
import type { Conversation } from '../conversation.ts'
import type { Word } from '../grammar.ts'
import type { SessionAsking } from '../questions.ts'
import { BadCommand, no, Refusal } from '../reply.ts'

export interface Command {
  readonly rfc: string
  readonly needs: 'account' | 'no account' | 'nothing'
  /** `string?` may be left out, at the end. */
  readonly takes: readonly ('string' | 'number' | 'string?')[]
  readonly run: (session: Conversation, given: Arguments) => SessionAsking<readonly Action[]>
}

/** What stands behind the command's name, of the kinds it takes. */
export interface Arguments {
  readonly strings: readonly Buffer[]
  readonly number: number
}

/** @throws Refusal */
export function argumentsOf(name: string, { takes }: Command, given: readonly Word[]): Arguments {
  const strings: Buffer[] = []
  let number = 0
  const least = takes.filter((kind) => kind !== 'string?').length
  if (given.length < least || given.length > takes.length)
    throw new BadCommand(no(takes.length === 0 ? `${name} takes no arguments` : `${name} takes: ${takes.join(' ')}`))
  given.forEach((word, i) => {
    const wanted = takes[i] === 'number' ? 'number' : 'string'
    if (word.kind === 'dropped') throw new Refusal(no(`${word.size} octets are too many`, 'QUOTA/MAXSIZE'))
    if (word.kind !== wanted) throw new BadCommand(no(`Argument ${i + 1} of ${name} is not a ${wanted}`))
    if (word.kind === 'string') strings.push(word.octets)
    if (word.kind === 'number') number = word.value
  })
  return { strings, number }
}
