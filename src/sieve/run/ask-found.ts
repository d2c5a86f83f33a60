// SPDX-License-Identifier: Apache-2.0
/** How words of the language ask: an answer "try later" ends the run as deferred, so that they never see one. */
import {
  type AskableKind,
  askHost,
  type FoundAnswers,
  type SieveAnswers,
  type SieveAsking,
  type SieveQuestionOf,
} from '../questions.ts'
import { SieveFault } from './fault.ts'

export function* askFound<K extends AskableKind>(
  question: { readonly ask: K } & SieveQuestionOf<K>,
): SieveAsking<FoundAnswers[K]> {
  const given: SieveAnswers[AskableKind] = yield* askHost<K>(question)
  if (given.kind === 'defer') throw new SieveFault('deferred', 'deferred', given.cause)
  // TypeScript does not narrow through the mapped type.
  return given as FoundAnswers[K]
}

export type AskFound = typeof askFound
