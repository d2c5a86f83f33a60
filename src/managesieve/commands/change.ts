// SPDX-License-Identifier: Apache-2.0
/** SETACTIVE, DELETESCRIPT and RENAMESCRIPT: RFC 5804 §2.8, §2.10, §2.11; and how every change is stored. */
import { overQuota, RULE_QUOTA } from '../../directory/rule-store.ts'
import { type Action, say } from '../action.ts'
import type { Conversation } from '../conversation.ts'
import { MAX_CHANGE_TRIES } from '../limits.ts'
import { askRules, type SessionAsking } from '../questions.ts'
import { no, ok, Refusal } from '../reply.ts'
import type { Change, Scripts } from '../scripts.ts'
import type { Arguments } from './arguments.ts'
import { NONEXISTENT, readScripts, requireName } from './read.ts'

export function* setActive(session: Conversation, { strings: [octets] }: Arguments): SessionAsking<readonly Action[]> {
  // RFC 5804 §2.8: the empty name deactivates.
  const name = octets?.length === 0 ? '' : requireName(octets)
  yield* change(session, (scripts) => {
    const text = name === '' ? undefined : scripts.get(name)?.text
    // It may have been stored by other means, or when other extensions were there.
    const errors = text === undefined ? '' : session.context.checker.check(text, name).errors
    if (errors !== '') throw new Refusal(no(errors))
    return scripts.activate(name)
  })
  return [say(ok(name === '' ? 'No script is active now' : 'Active now'))]
}

export function* deleteScript(
  session: Conversation,
  { strings: [octets] }: Arguments,
): SessionAsking<readonly Action[]> {
  const name = requireName(octets)
  yield* change(session, (scripts) => scripts.delete(name))
  return [say(ok('Deleted'))]
}

export function* renameScript(session: Conversation, { strings }: Arguments): SessionAsking<readonly Action[]> {
  const [from, to] = [requireName(strings[0]), requireName(strings[1])]
  yield* change(session, (scripts) => scripts.rename(from, to))
  return [say(ok('Renamed'))]
}

/**
 * Reads, changes and stores; again when somebody else stored in between.
 * @param make throws Refusal for what must not be
 */
export function* change(session: Conversation, make: (scripts: Scripts) => Change): SessionAsking<void> {
  for (let tries = 0; tries < MAX_CHANGE_TRIES; tries++) {
    const { user, scripts, state } = yield* readScripts(session)
    const values = valuesOf(make(scripts))
    const over = overQuota(values, RULE_QUOTA)
    if (over !== undefined) throw new Refusal(no(`Not stored: ${over}`, 'QUOTA'))
    const replaced = yield* askRules({ ask: 'rules.replace', user, values, state })
    switch (replaced.kind) {
      case 'stored':
        return
      case 'conflict':
        continue
      case 'refused':
        throw new Refusal(no(`Not stored: ${replaced.why}`))
      case 'defer':
        throw new Refusal(no('Scripts cannot be stored now, try later', 'TRYLATER'), { cause: replaced.cause })
      default:
        replaced satisfies never
    }
  }
  throw new Refusal(no('Somebody else is changing these scripts, try later', 'TRYLATER'))
}

function valuesOf(made: Change): readonly string[] {
  switch (made.kind) {
    case 'changed':
      return made.values
    case 'nonexistent':
      throw new Refusal(NONEXISTENT)
    case 'exists':
      throw new Refusal(no('There is a script of that name already', 'ALREADYEXISTS'))
    case 'active':
      throw new Refusal(no('The active script cannot be deleted', 'ACTIVE'))
    case 'several':
      throw new Refusal(no('That name stands for several rules, which have names of their own'))
    default:
      return made satisfies never
  }
}
