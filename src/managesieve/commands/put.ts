// SPDX-License-Identifier: Apache-2.0
/** HAVESPACE, PUTSCRIPT and CHECKSCRIPT: RFC 5804 §2.5, §2.6, §2.12. Quotas are settings. */
import { overQuota, RULE_QUOTA } from '../../directory/rule-store.ts'
import { type Action, say } from '../action.ts'
import type { Conversation } from '../conversation.ts'
import type { SessionAsking } from '../questions.ts'
import { no, ok, Refusal } from '../reply.ts'
import { decodeUtf8 } from '../script-name.ts'
import type { Scripts } from '../scripts.ts'
import type { Arguments } from './arguments.ts'
import { change } from './change.ts'
import { readScripts, requireName } from './read.ts'

export function* haveSpace(
  session: Conversation,
  { strings: [octets], number }: Arguments,
): SessionAsking<readonly Action[]> {
  const name = requireName(octets)
  requireSize(session, number)
  const { scripts } = yield* readScripts(session)
  requirePlace(session, scripts, name)
  // The text is not known; its length is what counts.
  const put = scripts.put(name, ' '.repeat(number))
  const over = put.kind === 'changed' ? overQuota(put.values, RULE_QUOTA) : undefined
  if (over !== undefined) throw new Refusal(no(over, 'QUOTA'))
  return [say(ok('There is room'))]
}

export function* putScript(session: Conversation, { strings }: Arguments): SessionAsking<readonly Action[]> {
  const name = requireName(strings[0])
  const { text, warnings } = requireScript(session, strings[1], name)
  yield* change(session, (scripts) => {
    requirePlace(session, scripts, name)
    return scripts.put(name, text)
  })
  return [say(warnings === '' ? ok('Stored') : ok(warnings, 'WARNINGS'))]
}

export function* checkScript(
  session: Conversation,
  { strings: [octets] }: Arguments,
): SessionAsking<readonly Action[]> {
  const { warnings } = requireScript(session, octets, 'script')
  return [say(warnings === '' ? ok('No mistakes') : ok(warnings, 'WARNINGS'))]
}

/** @throws Refusal with everything that is wrong with it */
function requireScript(
  session: Conversation,
  octets: Buffer | undefined,
  name: string,
): { readonly text: string; readonly warnings: string } {
  requireSize(session, octets?.length ?? 0)
  const text = decodeUtf8(octets ?? Buffer.alloc(0))
  if (text === undefined) throw new Refusal(no('The script is not UTF-8')) // RFC 5228 §2.1
  if (text.includes('\0')) throw new Refusal(no('The script has a NUL')) // RFC 5228 §8.1
  const { errors, warnings } = session.context.checker.check(text, name)
  if (errors !== '') throw new Refusal(no(errors))
  return { text, warnings }
}

function requireSize(session: Conversation, octets: number): void {
  const { scriptSize } = session.context.settings.managesieve
  if (octets > scriptSize) throw new Refusal(no(`A script has ${scriptSize} octets at most`, 'QUOTA/MAXSIZE'))
}

function requirePlace(session: Conversation, scripts: Scripts, name: string): void {
  const { scripts: most } = session.context.settings.managesieve
  if (scripts.get(name) === undefined && scripts.list().length >= most)
    throw new Refusal(no(`${most} scripts are kept at most`, 'QUOTA/MAXSCRIPTS'))
}
