// SPDX-License-Identifier: Apache-2.0
/**
 * A process that opens connections, waits for each to be greeted, and holds them without a word. Arguments: port, how
 * many. Tells its parent when all are greeted, and how many are still open when asked.
 */
import { connect } from 'node:net'

export type HolderReport =
  | { readonly kind: 'greeted'; readonly greeted: number; readonly refused: number }
  | { readonly kind: 'open'; readonly open: number }

/** On their way at one time: a backlog that is full makes SYNs wait a second. */
const AT_ONCE = 100

const [, , port, count] = process.argv.map(Number)
if (port === undefined || count === undefined) throw new Error('usage: holder.ts PORT COUNT')
const tell = (report: HolderReport): void => void process.send?.(report)

let open = 0
let refused = 0

const hold = (): Promise<void> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let greeted = false
    socket.once('data', (bytes) => {
      greeted = bytes.toString('latin1').startsWith('220')
      if (greeted) open++
      else refused++
      resolve()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      if (greeted) open--
      else refused++
      resolve()
    })
  })

process.on('message', () => tell({ kind: 'open', open }))
process.on('disconnect', () => process.exit())

let begun = 0
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (begun < count) {
      begun++
      await hold()
    }
  }),
)
tell({ kind: 'greeted', greeted: open, refused })
