// SPDX-License-Identifier: Apache-2.0
/**
 * What a ManageSieve session asks its host: the questions of every engine (sign-in needs the directory), and a person's
 * rules. `driveSession` answers both.
 */
import type { Host } from '../ask/ask.ts'
import { driveGenerator } from '../ask/drive-generator.ts'
import type { Lookup } from '../ask/lookup.ts'
import type { Question } from '../ask/questions.ts'
import type { Replaced, RuleStore, StoredRules } from '../directory/rule-store.ts'

export interface RuleAnswers {
  readonly 'rules.read': Lookup<StoredRules>
  readonly 'rules.replace': Replaced
}

export type RuleQuestion =
  | { readonly ask: 'rules.read'; readonly user: string }
  /** Effect. */
  | { readonly ask: 'rules.replace'; readonly user: string; readonly values: readonly string[]; readonly state: string }

type Asked = Question | readonly Question[] | RuleQuestion

export type SessionAsking<T> = Generator<Asked, T, unknown>

export function* askRules<K extends RuleQuestion['ask']>(
  question: { readonly ask: K } & Extract<RuleQuestion, { readonly ask: K }>,
): SessionAsking<RuleAnswers[K]> {
  return (yield question) as RuleAnswers[K]
}

/** What a session may ask of the questions of every engine: those of sign-in, and to wait. */
export type SignInHost = Pick<Host, 'directory.password' | 'directory.scram' | 'random' | 'wait'>

export interface SessionHost {
  readonly signIn: SignInHost
  readonly rules: RuleStore
}

export const driveSession = <T>(asking: SessionAsking<T>, host: SessionHost): T | Promise<T> =>
  driveGenerator(asking, (asked) => answer(asked, host))

function answer(asked: Asked, { signIn, rules }: SessionHost): unknown {
  if (!('ask' in asked)) return Promise.all(asked.map((question) => answer(question, { signIn, rules })))
  switch (asked.ask) {
    case 'rules.read':
      return rules.rules(asked.user)
    case 'rules.replace':
      return rules.replace(asked.user, asked.values, asked.state)
    case 'directory.password':
      return signIn['directory.password'](asked)
    case 'directory.scram':
      return signIn['directory.scram'](asked)
    case 'random':
      return signIn.random(asked)
    case 'wait':
      return signIn.wait(asked)
    default:
      throw new Error(`a ManageSieve session asks nothing like ${asked.ask}`)
  }
}
