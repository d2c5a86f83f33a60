// SPDX-License-Identifier: Apache-2.0
/** The two stores behind one small part of the contract: accept, end, list. Each is durable when a promise resolves. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { MessageId } from '../../src/envelope/message-id.ts'
import { silentLog } from '../../src/monitor/log.ts'
import { openLogStore } from '../../src/queue/log/log-store.ts'
import { anEnvelope } from '../../src/queue/store.suite.ts'

export interface Candidate {
  accept(id: MessageId, content: Uint8Array): Promise<void>
  /** All recipients have come to their end. */
  end(id: MessageId): Promise<void>
  ids(): Promise<readonly string[]>
  /** Octets of a message's content. */
  read(id: MessageId): Promise<number>
  close(): Promise<void>
}

export type Kind = 'log' | 'lmdb'

/** @param modules where lmdb was installed */
export const open = (kind: Kind, directory: string, modules: string): Promise<Candidate> =>
  kind === 'log' ? openLog(directory) : openLmdb(directory, modules)

async function openLog(directory: string): Promise<Candidate> {
  const store = await openLogStore(directory, { log: silentLog })
  return {
    async accept(id, content) {
      await using draft = await store.begin()
      await draft.write(content)
      await draft.commit(anEnvelope({ id, receivedAt: Date.now(), size: content.length }))
    },
    async end(id) {
      const events = [0, 1].map((recipient) => ({ event: 'delivered', recipient, at: 1, where: 'here' }) as const)
      await store.record(id, events)
    },
    ids: async () => [...store.entries()].map(({ id }) => id),
    read: async (id) => {
      let octets = 0
      for await (const piece of store.content(id)) octets += piece.length
      return octets
    },
    close: async () => await store[Symbol.asyncDispose](),
  }
}

/** What of lmdb-js is used here. */
interface Lmdb {
  openDB(options: { readonly name: string; readonly encoding: string }): Table
  transaction<T>(work: () => T): Promise<T>
  close(): Promise<void>
}
interface Table {
  put(key: string, value: unknown): Promise<boolean>
  remove(key: string): Promise<boolean>
  get(key: string): unknown
  getKeys(): Iterable<string>
}

async function openLmdb(directory: string, modules: string): Promise<Candidate> {
  const entry = pathToFileURL(join(modules, 'node_modules', 'lmdb', 'index.js')).href
  const { open: openDatabase } = (await import(entry)) as { open(options: object): Lmdb }
  // A commit is synced before its promise resolves.
  const database = openDatabase({ path: directory, overlappingSync: false })
  const envelopes = database.openDB({ name: 'envelopes', encoding: 'json' })
  const contents = database.openDB({ name: 'contents', encoding: 'binary' })
  return {
    async accept(id, content) {
      const envelope = anEnvelope({ id, receivedAt: Date.now(), size: content.length })
      // Two writes of one tick are one transaction; the second one's promise is of it as well.
      await Promise.all([contents.put(id, Buffer.from(content)), envelopes.put(id, { envelope })])
    },
    async end(id) {
      await Promise.all([contents.remove(id), envelopes.remove(id)])
    },
    ids: async () => [...envelopes.getKeys()],
    read: async (id) => {
      const content = contents.get(id)
      return content instanceof Uint8Array ? content.length : -1
    },
    close: () => database.close(),
  }
}
