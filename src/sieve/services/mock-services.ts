// SPDX-License-Identifier: Apache-2.0
/** Services in memory, for tests and tools: everything they did can be looked at, and read as a message again. */
import type { Lookup } from '../../ask/lookup.ts'
import type { Score } from '../questions.ts'
import type {
  IncludeStore,
  ListStore,
  MailStore,
  MemoryStore,
  Notification,
  Notifier,
  OutgoingMessage,
  OutgoingRecipient,
  ScoreSource,
  SieveServices,
  Submission,
  Transaction,
} from './services.ts'

export interface StoredMessage {
  readonly content: Uint8Array
  readonly flags: readonly string[]
}

const ABSENT: Lookup<never> = { kind: 'absent' }
const found = <T>(value: T | undefined): Lookup<T> => (value === undefined ? ABSENT : { kind: 'found', value })

export class MemoryMailStore implements MailStore {
  readonly folders = new Map<string, StoredMessage[]>([['INBOX', []]])
  /** By mailbox: `\Junk` and its like. */
  readonly specialUses = new Map<string, string>()
  readonly ids = new Map<string, string>()
  /** By mailbox (`''` is the server), then by annotation. */
  readonly annotations = new Map<string, Map<string, string>>()
  /** Mailboxes nothing can be put into. */
  readonly readOnly = new Set<string>()

  #name(mailbox: string): string {
    return mailbox.toUpperCase() === 'INBOX' ? 'INBOX' : mailbox
  }

  exists(mailbox: string): Lookup<string> {
    const name = this.#name(mailbox)
    return this.folders.has(name) && !this.readOnly.has(name) ? { kind: 'found', value: name } : ABSENT
  }

  async create(mailbox: string, specialUse?: string): Promise<void> {
    if (!this.folders.has(this.#name(mailbox))) this.folders.set(this.#name(mailbox), [])
    if (specialUse !== undefined) this.specialUses.set(this.#name(mailbox), specialUse)
  }

  async append(mailbox: string, content: Uint8Array, flags: readonly string[]): Promise<Transaction> {
    const name = this.#name(mailbox)
    const folder = this.folders.get(name)
    if (folder === undefined || this.readOnly.has(name)) throw new Error(`there is no mailbox ${mailbox}`)
    return { commit: async () => void folder.push({ content, flags }), rollback: async () => undefined }
  }

  specialUse(attribute: string, mailbox?: string): Lookup<string> {
    const wanted = attribute.toLowerCase()
    const has = ([name, use]: [string, string]): boolean =>
      use.toLowerCase() === wanted && (mailbox === undefined || name === this.#name(mailbox))
    return found([...this.specialUses].find(has)?.[0])
  }

  byId(id: string): Lookup<string> {
    return found(this.ids.get(id))
  }

  metadata(mailbox: string | undefined, annotation: string): Lookup<string> {
    return found(this.annotations.get(mailbox ?? '')?.get(annotation))
  }

  setMetadata(mailbox: string | undefined, annotation: string, value: string): void {
    const known = this.annotations.get(mailbox ?? '') ?? new Map<string, string>()
    known.set(annotation, value)
    this.annotations.set(mailbox ?? '', known)
  }
}

export interface SentMessage extends OutgoingRecipient {
  readonly from: string
  readonly content: Uint8Array
}

/** One entry for each recipient. */
export class MemoryOutbox implements Submission {
  readonly sent: SentMessage[] = []

  async start(from: string): Promise<OutgoingMessage> {
    const recipients: OutgoingRecipient[] = []
    let content: Uint8Array = new Uint8Array()
    return {
      rcpt: async (recipient) => void recipients.push(recipient),
      data: async (bytes) => {
        content = bytes
      },
      finish: async () => void this.sent.push(...recipients.map((recipient) => ({ ...recipient, from, content }))),
      abort: async () => undefined,
    }
  }
}

export class MemoryMemory implements MemoryStore {
  /** Until when a key is remembered, in milliseconds. */
  readonly until = new Map<string, number>()
  readonly #clock: () => number

  constructor(clock: () => number) {
    this.#clock = clock
  }

  check(key: string): boolean {
    return (this.until.get(key) ?? 0) > this.#clock()
  }

  mark(key: string, seconds: number): void {
    this.until.set(key, this.#clock() + seconds * 1000)
  }
}

export class MemoryIncludes implements IncludeStore {
  readonly personal = new Map<string, string>()
  readonly global = new Map<string, string>()

  read(location: 'personal' | 'global', name: string): Lookup<string> {
    return found(this[location].get(name))
  }
}

export class MemoryLists implements ListStore {
  readonly lists = new Map<string, readonly string[]>()

  has(list: string): Lookup<true> {
    return this.lists.has(list) ? { kind: 'found', value: true } : ABSENT
  }

  contains(list: string, value: string): Lookup<true> {
    const wanted = value.toLowerCase()
    const known = this.lists.get(list)?.some((member) => member.toLowerCase() === wanted)
    return known === true ? { kind: 'found', value: true } : ABSENT
  }

  members(list: string): Lookup<readonly string[]> {
    return found(this.lists.get(list))
  }
}

export class MemoryNotifier implements Notifier {
  readonly scheme: string
  readonly told: Notification[] = []

  constructor(scheme: string) {
    this.scheme = scheme
  }

  async notify(notification: Notification): Promise<void> {
    this.told.push(notification)
  }
}

export class MemoryScores implements ScoreSource {
  readonly known = new Map<'spam' | 'virus', Score>()

  score(of: 'spam' | 'virus'): Lookup<Score> {
    return found(this.known.get(of))
  }
}

export interface MockServices extends SieveServices {
  readonly store: MemoryMailStore
  readonly submission: MemoryOutbox
  readonly duplicates: MemoryMemory
  readonly vacation: MemoryMemory
  readonly includes: MemoryIncludes
  readonly lists: MemoryLists
  readonly scores: MemoryScores
  readonly clock: () => number
}

/** A set of its own for each caller. `clock`: wall-clock milliseconds. */
export const mockServices = (clock: () => number): MockServices => ({
  store: new MemoryMailStore(),
  submission: new MemoryOutbox(),
  duplicates: new MemoryMemory(clock),
  vacation: new MemoryMemory(clock),
  includes: new MemoryIncludes(),
  lists: new MemoryLists(),
  scores: new MemoryScores(),
  clock,
})
