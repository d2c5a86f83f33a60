// SPDX-License-Identifier: Apache-2.0
/** LISTSCRIPTS and GETSCRIPT, RFC 5804 §2.7 and §2.9; and the reading of a person's scripts for all commands. */
import type { Account } from '../../ask/questions.ts'
import { type Action, say } from '../action.ts'
import type { Conversation } from '../conversation.ts'
import { askRules, type SessionAsking } from '../questions.ts'
import { formatString, no, ok, Refusal } from '../reply.ts'
import { parseScriptName } from '../script-name.ts'
import { Scripts } from '../scripts.ts'
import type { Arguments } from './arguments.ts'

export const NONEXISTENT = no('There is no script of that name', 'NONEXISTENT')

export function* listScripts(session: Conversation): SessionAsking<readonly Action[]> {
  const { scripts } = yield* readScripts(session)
  const lines = scripts.list().map(({ name, active }) => `${formatString(name)}${active ? ' ACTIVE' : ''}\r\n`)
  return [{ do: 'send', text: lines.join('') }, say(ok('Listed'))]
}

export function* getScript(session: Conversation, { strings: [octets] }: Arguments): SessionAsking<readonly Action[]> {
  const name = requireName(octets)
  const { scripts } = yield* readScripts(session)
  const script = scripts.get(name)
  if (script === undefined) throw new Refusal(NONEXISTENT)
  // Always a literal (as clients that know no other form of a script expect).
  const text = `{${Buffer.byteLength(script.text)}}\r\n${script.text}\r\n`
  return [{ do: 'send', text }, say(ok('Here it is'))]
}

/** The scripts of who is signed in, with the state of what is stored. @throws Refusal */
export function* readScripts(
  session: Conversation,
): SessionAsking<{ readonly user: string; readonly scripts: Scripts; readonly state: string }> {
  const user = accountOf(session).login
  const found = yield* askRules({ ask: 'rules.read', user })
  if (found.kind === 'defer')
    throw new Refusal(no('Scripts cannot be read now, try later', 'TRYLATER'), { cause: found.cause })
  if (found.kind === 'absent') throw new Refusal(no('No scripts are kept for this account'))
  const { values, state } = found.value
  return { user, scripts: new Scripts(values, session.context.checker.glue), state }
}

/** @throws Refusal */
export function requireName(octets: Buffer | undefined): string {
  const name = parseScriptName(octets ?? Buffer.alloc(0))
  if (typeof name !== 'string') throw new Refusal(no(name.problem))
  return name
}

function accountOf(session: Conversation): Account {
  const { account } = session.context
  if (account === undefined) throw new Error('a command of who has signed in, without an account')
  return account
}
