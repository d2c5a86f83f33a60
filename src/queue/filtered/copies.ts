// SPDX-License-Identifier: Apache-2.0
/**
 * The content of one recipient's copy: what filters changed for it, on the received content and below what the MTA puts
 * on top (design 2.6).
 */
import type { Recipient } from '../../envelope/envelope.ts'
import { editHeader } from '../../mime/edit-header.ts'
import { readHeader } from '../../mime/header-text.ts'

/** Longer headers are passed on without edits: no script has seen all of one either. */
const MAX_HEADER = 1024 * 1024

export interface Content {
  readonly size: number
  content(): AsyncIterable<Uint8Array>
}

/** Recipients that get the same octets, and the same RET with them, stand together. */
export function groupByCopy(recipients: readonly Recipient[]): readonly (readonly Recipient[])[] {
  if (recipients.every(({ copy }) => !changes(copy) && copy?.ret === undefined)) return [recipients]
  const groups = new Map<string, Recipient[]>()
  for (const recipient of recipients) {
    const { edits = [], replaced = '', ret = '' } = recipient.copy ?? {}
    const key = JSON.stringify([edits, replaced, ret])
    groups.set(key, [...(groups.get(key) ?? []), recipient])
  }
  return [...groups.values()]
}

/** What this copy is made of, where it is not what was received. */
export async function contentOf(copy: Recipient['copy'], received: Content): Promise<Content> {
  const { edits = [], replaced } = copy ?? {}
  const whole = replaced === undefined ? received : inMemory(Buffer.from(replaced, 'base64'))
  if (edits.length === 0) return whole
  const header = await readHeader(whole.content(), MAX_HEADER)
  const edited = editHeader(header, edits)
  return {
    size: whole.size - header.length + edited.length,
    async *content() {
      yield edited
      let skip = header.length
      for await (const chunk of whole.content()) {
        if (skip >= chunk.length) skip -= chunk.length
        else {
          yield chunk.subarray(skip)
          skip = 0
        }
      }
    },
  }
}

/** At most so many octets. */
export async function beginningOf(content: Content, most: number): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let left = most
  for await (const chunk of content.content()) {
    pieces.push(chunk.slice(0, left))
    left -= chunk.length
    if (left <= 0) break
  }
  return Buffer.concat(pieces)
}

const inMemory = (bytes: Buffer): Content => ({
  size: bytes.length,
  async *content() {
    yield bytes
  },
})

const changes = (copy: Recipient['copy']): boolean =>
  copy !== undefined && ((copy.edits?.length ?? 0) > 0 || copy.replaced !== undefined)
