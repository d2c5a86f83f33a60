// SPDX-License-Identifier: Apache-2.0
/** What people look for in a record: the index keeps it, and a search without index computes it. Lower case, bounded. */
import type { TraceRecord } from '../policy/trace.ts'

export interface Summary {
  /** Of the message or connection; a made-up one for sums of refused connections. */
  readonly id: string
  /** Found by this too: the session of a transaction, the message a notification is about. */
  readonly also?: string
  readonly at: number
  readonly sender?: string
  readonly client?: string
  /** Of the dialogue; deliveries tell through their recipients. */
  readonly outcome?: string
  /** The latest that is known of each address. */
  readonly recipients: readonly { readonly address: string; readonly result: string }[]
  /** Everything searched by words that is not above. */
  readonly words: readonly string[]
}

const MAX_WORD = 1000

export function summarise(record: TraceRecord): Summary {
  switch (record.record) {
    case 'trace': {
      const { id, session, at, outcome, from, client, helo, login, subject, messageIdField } = record
      return {
        id,
        also: session,
        at,
        outcome,
        client: client.address,
        recipients: record.recipients.flatMap(({ given, result, becomes = [] }) =>
          [given, ...becomes.map(({ address }) => address)].map((address) => ({ address: word(address), result })),
        ),
        words: [session, helo, login, subject, messageIdField].flatMap((text) =>
          text === undefined ? [] : word(text),
        ),
        ...(from === undefined ? {} : { sender: word(from) }),
      }
    }
    case 'delivery':
      return {
        id: record.id,
        at: record.at,
        recipients: record.recipients.map(({ address, result }) => ({ address: word(address), result })),
        words: [],
      }
    case 'birth':
      return {
        id: record.id,
        also: record.about,
        at: record.at,
        outcome: 'queued',
        sender: word(record.from),
        recipients: record.recipients.map(({ address }) => ({ address: word(address), result: 'accepted' })),
        words: [word(record.about)],
      }
    case 'withheld':
      return {
        id: record.id,
        at: record.at,
        recipients: record.to.map((address) => ({ address: word(address), result: 'withheld' })),
        words: [],
      }
    case 'flood':
      return {
        id: `flood-${record.at}-${record.address}${record.of === undefined ? '' : `-${record.of}`}`,
        at: record.at,
        outcome: 'refused',
        client: record.address,
        recipients: [],
        words: [],
      }
    default:
      return record satisfies never
  }
}

const word = (text: string): string => text.slice(0, MAX_WORD).toLowerCase()

export const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1)
