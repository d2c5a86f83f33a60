// SPDX-License-Identifier: Apache-2.0
/** Clients that hand in one message after the other and write down what they were told. */
import { connect } from 'node:net'

export interface Told {
  /** Answered 250 after the content: the server has taken responsibility (RFC 5321 §4.2.5). */
  readonly accepted: Set<string>
  /** Handed in as a whole, and no answer came. */
  readonly unanswered: Set<string>
  refused: number
}

export const CONTENT = (name: string, octets: number): string =>
  `Subject: ${name}\r\n\r\n${`${name} `.repeat(Math.ceil(octets / (name.length + 1))).replace(/(.{70})/g, '$1\r\n')}\r\n`

export interface Handed {
  readonly name: string
  readonly octets: number
  readonly from?: string
  readonly to?: string
  readonly content?: string
}

/** Sends until the connection ends, from one address. Resolves then; never rejects. */
export async function send(
  at: { readonly host: string; readonly port: number },
  told: Told,
  next: () => Handed,
): Promise<void> {
  const socket = connect(at)
  let heard = ''
  let over = false
  let wake = (): void => {}
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    heard += text
    wake()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    over = true
    wake()
  })
  /** The last line of a reply; `undefined` at the end of the connection. */
  const reply = async (): Promise<string | undefined> => {
    for (;;) {
      const last = /^(\d{3} .*)\r\n/m.exec(heard)
      if (last !== null) {
        heard = heard.slice(last.index + last[0].length)
        return last[1]
      }
      if (over) return undefined
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const ask = async (text: string): Promise<string | undefined> => {
    socket.write(text)
    return await reply()
  }
  try {
    if ((await reply())?.startsWith('220') !== true) return
    if ((await ask('EHLO load.test\r\n'))?.startsWith('250') !== true) return
    for (;;) {
      const message = next()
      const { name, octets, from = 'sender@load.test', to = `${name}@sink.test` } = message
      if ((await ask(`MAIL FROM:<${from}>\r\n`))?.startsWith('250') !== true) return
      if ((await ask(`RCPT TO:<${to}>\r\n`))?.startsWith('250') !== true) return
      if ((await ask('DATA\r\n'))?.startsWith('354') !== true) return
      told.unanswered.add(name)
      const answer = await ask(`${message.content ?? CONTENT(name, octets)}.\r\n`)
      if (answer === undefined) return
      told.unanswered.delete(name)
      if (answer.startsWith('250')) told.accepted.add(name)
      else told.refused++
    }
  } finally {
    socket.destroy()
  }
}
