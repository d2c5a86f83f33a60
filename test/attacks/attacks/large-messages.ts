// SPDX-License-Identifier: Apache-2.0
/**
 * Messages that are whole and mean harm: parts within parts, addresses and fields without number. They are taken or
 * refused with 5xx, at once and in bounded memory; what is taken is delivered.
 */
import type { Attack, Scene } from '../attack.ts'
import { Client } from '../client.ts'

const fields = (text: string): Buffer => Buffer.from(`Subject: harm\r\n${text}\r\nbody\r\n`)

async function deliver(scene: Scene, content: Buffer): Promise<string> {
  const client = await Client.ready(scene.server.ports.smtp)
  await client.beginData()
  await client.send(content)
  await client.send('\r\n.\r\n')
  const reply = await client.expect(250, 552, 554, 550)
  client.leave()
  return `${content.length} octets: ${reply.slice(0, 60)}`
}

function nested(depth: number): Buffer {
  const open = Array.from(
    { length: depth },
    (_, n) => `Content-Type: multipart/mixed; boundary="b${n}"\r\n\r\n--b${n}\r\n`,
  )
  const shut = Array.from({ length: depth }, (_, n) => `--b${depth - 1 - n}--\r\n`)
  return Buffer.from(`MIME-Version: 1.0\r\n${open.join('')}\r\nthe last\r\n${shut.join('')}`)
}

const bomb = (name: string, boundMB: number, make: (scene: Scene) => Buffer): Attack => ({
  name,
  outcome: '250 and delivered, or 5xx',
  boundMB,
  run: (scene) => deliver(scene, make(scene)),
})

export const LARGE_MESSAGES: readonly Attack[] = [
  bomb('deep-mime', 384, ({ size }) => nested(size(2000, 10_000))),
  bomb('deep-messages', 384, ({ size }) =>
    Buffer.from('Content-Type: message/rfc822\r\n\r\n'.repeat(size(2000, 10_000))),
  ),
  bomb('many-addresses', 384, ({ size }) => {
    const list = Array.from({ length: size(50_000, 500_000) }, (_, n) => `n${n} <a${n}@far.example>`)
    return fields(`To: ${list.join(',\r\n ')}\r\n`)
  }),
  bomb('many-fields', 384, ({ size }) =>
    fields(Array.from({ length: size(20_000, 100_000) }, (_, n) => `X-${n}: y\r\n`).join('')),
  ),
  bomb('many-received', 384, ({ size }) => fields('Received: from a by b; now\r\n'.repeat(size(2000, 100_000)))),
  bomb('many-parts', 384, ({ size }) =>
    Buffer.from(
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(size(20_000, 500_000))}--b--\r\n`,
    ),
  ),
  bomb('many-encoded-words', 384, ({ size }) =>
    Buffer.from(`Subject:${' =?utf-8?q?=41?=\r\n'.repeat(size(5000, 50_000))}\r\nbody\r\n`),
  ),
  bomb('comments', 384, ({ size }) =>
    fields(`To: ${'('.repeat(size(50_000, 900_000))}\r\nFrom: ${'\\('.repeat(size(50_000, 50_000))}\r\n`),
  ),
]
