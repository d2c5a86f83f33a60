// SPDX-License-Identifier: Apache-2.0
/**
 * No new mail when the disk is nearly full, so that there is room to write down what becomes of the mail that is here.
 * Asked at MAIL FROM, where the declared size counts against what is left, and again when the content has come.
 */
import { type Asking, ask } from '../../ask/ask.ts'
import type { Left, Pressure } from '../../ask/pressure.ts'
import { reply } from '../../smtp/reply.ts'
import { usual } from '../saying.ts'
import type { ContentContext, MailContext, SessionContext, Stage, StageResult } from '../stage.ts'

/** RFC 3463 X.3.1: mail system full. RFC 5321 §4.2.3: 452, insufficient system storage. */
const FULL = reply(452, '3.1', 'Insufficient system storage, try again later')

export const freeSpace: Stage<MailContext> = {
  name: 'free space',
  decides: 'is there room for the message on disk',
  reference: 'RFC 5321 §4.2.3; RFC 1870 §6.1',
  run: (context) => judge(context, context.declaredSize),
}

export const freeSpaceLeft: Stage<ContentContext> = {
  name: 'free space left',
  decides: 'is there still room on disk, now that the message has come',
  reference: 'RFC 5321 §4.2.3',
  run: (context) => judge(context, 0),
}

function* judge<C extends SessionContext>({ revision }: C, more: number): Asking<StageResult<C>> {
  const pressure = yield* ask({ ask: 'pressure' })
  const short = shortage(pressure, more)
  const by = revision.where('limits', short === 'inodes' ? 'freeInodes' : 'freeSpace')
  if (short === undefined) return usual(by)
  const left = pressure[short]
  const note =
    left === undefined ? '' : `${left.free} ${short === 'bytes' ? 'octets' : 'inodes'} free, ${left.keep} are kept free`
  return {
    verdict: { do: 'refuse', reply: FULL },
    by,
    note: more > 0 && short === 'bytes' ? `${note}, ${more} declared` : note,
  }
}

/** What there is too little of, once `more` octets have been written. */
function shortage({ bytes, inodes }: Pressure, more: number): 'bytes' | 'inodes' | undefined {
  const isShort = (left: Left | undefined, taken: number): boolean =>
    left !== undefined && left.keep > 0 && (left.low || left.free - taken < left.keep)
  if (isShort(bytes, more)) return 'bytes'
  return isShort(inodes, 1) ? 'inodes' : undefined
}
