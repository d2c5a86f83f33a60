// SPDX-License-Identifier: Apache-2.0
/** The content of a hypothetical message, as it would come over the wire. RFC 5321 §4.5.2. */
import type { Draft } from '../queue/store.ts'
import type { Scenario } from './scenario.ts'

/** With dots doubled, and the final dot. @param now wall-clock milliseconds, for the Date field of a message of ours */
export function contentOctets({ content, from, to }: Scenario, now: number): Buffer {
  const given = typeof content === 'string' ? Buffer.from(content) : content
  const octets = given === undefined ? Buffer.from(smallMessage(from ?? '', to, now)) : Buffer.from(given)
  // Octets in, octets out: latin1 has one character for each. A file of a Unix system has LF where the wire has CRLF.
  let text = octets.toString('latin1')
  if (!text.includes('\r')) text = text.replaceAll('\n', '\r\n')
  if (text !== '' && !text.endsWith('\r\n')) text += '\r\n'
  return Buffer.from(`${text.replace(/^\./gm, '..')}.\r\n`, 'latin1')
}

function smallMessage(from: string, to: readonly string[], now: number): string {
  const date = new Date(now).toUTCString().replace('GMT', '+0000')
  const fields = [
    `Date: ${date}`,
    `From: ${from === '' ? 'MAILER-DAEMON' : from}`,
    `To: ${to[0] ?? 'nobody'}`,
    'Subject: a hypothetical message',
    `Message-ID: <hypothetical.${now}@postern.invalid>`,
  ]
  return `${fields.join('\r\n')}\r\n\r\nNothing is sent.\r\n`
}

/** Takes content in, for the questions of one message, and stores nothing. */
export function unstoredDraft(): Draft {
  const nothing = async (): Promise<void> => {}
  const chunks: Uint8Array[] = []
  return {
    write: async (chunk) => void chunks.push(Uint8Array.from(chunk)),
    beginning: async (most) => Buffer.concat(chunks).subarray(0, most),
    commit: nothing,
    abort: nothing,
    [Symbol.asyncDispose]: nothing,
  }
}
