// SPDX-License-Identifier: Apache-2.0
/**
 * Which file of the queue's directory is what: `messages/X/ID.content` and `messages/X/ID.journal` for each message,
 * X one of sixteen; `tmp` for what is not accepted yet; `damaged` for what cannot be read; `finished` (see
 * finished-log.ts); `lock.sock`.
 */
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { type MessageId, parseMessageId } from '../envelope/message-id.ts'

/** Few, so that messages that come at one moment share a directory and its sync; enough to keep directories small. */
const SUBDIRECTORIES = 16

export interface MessageFiles {
  readonly directory: string
  readonly content: string
  readonly journal: string
}

export class QueueFiles {
  readonly root: string
  readonly tmp: string
  readonly damaged: string
  readonly subdirectories: readonly string[]
  #count = 0

  constructor(root: string) {
    this.root = root
    this.tmp = join(root, 'tmp')
    this.damaged = join(root, 'damaged')
    this.subdirectories = Array.from({ length: SUBDIRECTORIES }, (_, i) => join(root, 'messages', i.toString(16)))
  }

  of(id: MessageId): MessageFiles {
    const directory = join(this.root, 'messages', (crc32(id) % SUBDIRECTORIES).toString(16))
    return { directory, content: join(directory, `${id}.content`), journal: join(directory, `${id}.journal`) }
  }

  /** A name in `tmp` that this process has not used; the directory is emptied at start. */
  temporary(): string {
    return join(this.tmp, String(++this.#count))
  }
}

/** What a name in one of the sixteen stands for; `undefined` for what the queue did not put there. */
export function readName(name: string): { readonly id: MessageId; readonly part: 'content' | 'journal' } | undefined {
  const match = /^([0-9A-Z]{17})\.(content|journal)$/.exec(name)
  const id = match?.[1] === undefined ? undefined : parseMessageId(match[1])
  return id === undefined ? undefined : { id, part: match?.[2] === 'content' ? 'content' : 'journal' }
}
