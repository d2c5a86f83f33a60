// SPDX-License-Identifier: Apache-2.0
/** NOOP, RFC 5321 §4.1.1.9: an argument is ignored. */
import type { Asking } from '../../ask/ask.ts'
import { reply } from '../../smtp/reply.ts'
import { type Action, say } from '../action.ts'

export function* noop(): Asking<readonly Action[]> {
  return [say(reply(250, '0.0', 'Ok'))]
}
