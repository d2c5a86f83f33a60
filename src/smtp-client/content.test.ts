// SPDX-License-Identifier: Apache-2.0
/** Proves: what has not left yet when the next message is put together stays what it is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WholeContent } from '../mime/whole-content.ts'
import { sendStuffed } from './content.ts'
import type { ClientSession } from './session.ts'

/** A session whose octets are kept as they were handed over, and have left at once or have not. */
function session(left: boolean) {
  const written: Buffer[] = []
  const connection = {
    secure: undefined,
    requireInStep: () => {},
    write: (octets: Buffer) => {
      written.push(octets)
      return left ? undefined : Promise.resolve()
    },
  }
  return { written, session: { connection } as unknown as ClientSession }
}

const message = (text: string) => new WholeContent([Buffer.from('A: b\r\n'), Buffer.from(`\r\n.${text}\r\n`)])
const attempt = () => ({ settled: [undefined], sentWhole: false })

test('a message that is still here keeps its octets, one that has left does not', async () => {
  const slow = session(false)
  const quick = session(true)
  await sendStuffed(slow.session, message('first'), attempt())
  await sendStuffed(quick.session, message('second'), attempt())
  await sendStuffed(slow.session, message('third'), attempt())
  await sendStuffed(quick.session, message('fourth'), attempt())
  const sent = (text: string): string => `A: b\r\n\r\n..${text}\r\n.\r\n`
  assert.deepEqual(slow.written.map(String), [sent('first'), sent('third')])
  assert.equal(String(quick.written[1]), sent('fourth'))
})
