// SPDX-License-Identifier: Apache-2.0
/**
 * Everything an engine may ask its host, in one list (design 2.1). A *read* looks at the world, an *effect* changes
 * it; replay and `explain` answer effects on a copy. Answers are plain data, so that they can be kept as facts.
 */
import type { Domain, MailAddress } from '../address/address.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import type { Envelope } from '../envelope/envelope.ts'
import type { CallAnswer } from './call-outs.ts'
import type { Crash } from './crash.ts'
import type { SourceRef } from './decided-by.ts'
import type { RecipientFilters } from './filters.ts'
import type { ListAccess } from './list-access.ts'
import type { DnsLookup, DnsType, Lookup } from './lookup.ts'
import type { Note } from './note.ts'
import type { Pressure } from './pressure.ts'

export type Question =
  /** Wall-clock milliseconds. */
  | { readonly ask: 'now' }
  /** Random octets, as lower-case hexadecimal. */
  | { readonly ask: 'random'; readonly octets: number }
  | {
      readonly ask: 'dns'
      readonly name: string
      readonly type: DnsType
      /** Without an answer by then it is `defer`; the resolver's own time counts as well. */
      readonly withinMs?: number
    }
  /** Which of the DNS lists are not to be used now, and why (dnsbl/). */
  | { readonly ask: 'dnsLists.out' }
  /** Effect: what the lists said of a client; their health is judged by it. */
  | {
      readonly ask: 'dnsLists.told'
      readonly client: string
      readonly said: readonly { readonly zone: string; readonly listed: boolean }[]
    }
  /** Is this domain ours? */
  | { readonly ask: 'directory.domain'; readonly domain: Domain }
  /** Who is this address of a domain of ours? Asked with the exact local part; subaddresses are policy's matter. */
  | {
      readonly ask: 'directory.address'
      readonly address: MailAddress
      /** The user alone, past an alias of the same name: for an alias that names itself among its members. */
      readonly mailbox?: true
    }
  /** The first value of an attribute of a domain's entry, or of one of the names in spec mapping-tables.md 4.11. */
  | { readonly ask: 'directory.attribute'; readonly domain: Domain; readonly attribute: string }
  /** The keys to check a SCRAM exchange with, RFC 5802 §3. Never kept as a fact. */
  | { readonly ask: 'directory.scram'; readonly login: string; readonly hash: 'SHA-256' }
  /** Is this the password? Never kept as a fact. */
  | { readonly ask: 'directory.password'; readonly login: string; readonly password: string }
  /** The filters of a user of ours, or the rules of a group. `domain`: the one of the recipient's address. `absent`: no such user. */
  | { readonly ask: 'directory.filters'; readonly user: string; readonly domain: Domain }
  /** The content that was received for this session, from its first octet; at most so many. */
  | { readonly ask: 'content'; readonly most: number }
  /** A user's filter kept in a file: the channel keyword `filter`. `file`: absolute. `defer` where it has more octets. */
  | { readonly ask: 'filter.file'; readonly file: string; readonly most: number }
  /**
   * A mailbox of a user that mail can be delivered to, by one of these; `found` is its name as the store writes it.
   * With `mailbox` and `attribute`: has that one the attribute (RFC 8579)? `id`: RFC 9042.
   */
  | {
      readonly ask: 'mailbox.find'
      readonly user: string
      readonly mailbox?: string
      readonly attribute?: string
      readonly id?: string
    }
  /**
   * Is there room in the mailbox that a user of ours has in this channel, for one more message of so many octets?
   * `absent`: no quota is kept.
   */
  | {
      readonly ask: 'mailbox.room'
      readonly user: MailAddress
      readonly channel: ChannelName
      readonly octets: number
    }
  /**
   * Effect: is this remembered for the owner, and not forgotten yet (RFC 7352)? `absent`: it is not, and the message `by`
   * has claimed it: for any other it is `defer` until that one is delivered, and then it is `found`, or given up.
   */
  | ({ readonly ask: 'memory.claim' } & MemoryClaim)
  /** Effect: what the message has claimed is given up. What is remembered already stays. */
  | ({ readonly ask: 'memory.unclaim' } & MemoryClaim)
  /** How full and how busy is the machine, and how well is this client known? */
  | { readonly ask: 'pressure'; readonly client?: string }
  /** Was the process doing this when it crashed? `key` as policy/poison.ts names it. */
  | { readonly ask: 'crashes'; readonly key: string }
  /** Effect: a place for a connection of this client. */
  | { readonly ask: 'slot.claim'; readonly address: string }
  /**
   * Has the client of this session sent anything yet, though it is the server's turn? Waits so long for it; 0 looks
   * without waiting. What it sent is not lost.
   */
  | { readonly ask: 'client.early'; readonly waitMs: number }
  /**
   * Effect: raise the number kept in this file by one, and say what it is now. No two askers on the machine get the same
   * one. `absent`: there is no such file, or it cannot be written. `file`: absolute.
   */
  | { readonly ask: 'mapping.sequence'; readonly file: string }
  /** The text that a `file:` or `ldap:` URL of a mapping table stands for. `absent`: nothing, or several entries. */
  | { readonly ask: 'mapping.url'; readonly url: string }
  /** Effect: run a routine that a mapping table calls (call-outs.ts). `image` without folder and `.so`. */
  | { readonly ask: 'mapping.call'; readonly image: string; readonly routine: string; readonly argument: string }
  /** Is this account of the machine a member of this group, named or by number? Spec access-control.md 3.2, `$I`. */
  | { readonly ask: 'system.group'; readonly user: string; readonly group: string }
  /** Effect: hold the session up so long, and nobody else. May end early when the server stops. */
  | { readonly ask: 'wait'; readonly ms: number }
  /** Effect: a line for the log that a table asked for. */
  | { readonly ask: 'note'; readonly note: Note }
  /** Effect: make the message durable; the content is the one the host has just received for this session. */
  | { readonly ask: 'queue.commit'; readonly envelope: Envelope }

export interface Answers {
  readonly now: number
  readonly random: string
  readonly dns: DnsLookup
  readonly 'dnsLists.out': readonly { readonly zone: string; readonly why: string }[]
  readonly 'dnsLists.told': undefined
  readonly 'directory.domain': Lookup<DomainEntry>
  readonly 'directory.address': Lookup<AddressEntry>
  readonly 'directory.attribute': Lookup<string>
  /** Names nobody has get made-up keys with `known: false`, the same ones each time, so that the dialogue tells nothing. */
  readonly 'directory.scram': Lookup<{ readonly keys: ScramKeys; readonly known: boolean }>
  /** `found`: right, with the account. `absent`: wrong password or no such login; nobody is told which. */
  readonly 'directory.password': Lookup<Account>
  readonly 'directory.filters': Lookup<RecipientFilters>
  /** `absent`: there is none in hand. */
  readonly content: Lookup<Uint8Array>
  readonly 'filter.file': Lookup<string>
  readonly 'mailbox.find': Lookup<string>
  readonly 'mailbox.room': Lookup<MailboxRoom>
  readonly 'memory.claim': Lookup<true>
  readonly 'memory.unclaim': undefined
  readonly pressure: Pressure
  readonly crashes: {
    /** Not cleared yet, oldest first. */
    readonly crashes: readonly Crash[]
    /** Something else that is suspected of a crash is in hand now. */
    readonly othersInHand: boolean
  }
  readonly 'slot.claim':
    | { readonly granted: true }
    /** `limit`: the setting of `limits` that is reached. */
    | { readonly granted: false; readonly limit: SlotLimit }
  readonly 'client.early': { readonly octets: number }
  readonly 'mapping.sequence': Lookup<number>
  readonly 'mapping.url': Lookup<string>
  readonly 'mapping.call': CallAnswer
  readonly 'system.group': Lookup<boolean>
  readonly wait: undefined
  readonly note: undefined
  /** `stored` means synced to disk. `defer`: disk full, sync failed; nothing was kept. */
  readonly 'queue.commit': { readonly kind: 'stored' } | { readonly kind: 'defer'; readonly cause: string }
}

export interface MemoryClaim {
  readonly of: 'duplicate'
  readonly owner: string
  readonly id: string
  /** Id of the message. */
  readonly by: string
}

export type SlotLimit = 'connections' | 'connectionsPerAddress' | 'connectionsPerNetwork' | 'connectionsPerMinute'

export type QuestionKind = Question['ask']
export type QuestionOf<K extends QuestionKind> = Extract<Question, { readonly ask: K }>

/** Questions whose text or answer holds a secret or is the message itself: traces keep only that they were asked. */
export const SECRET: ReadonlySet<QuestionKind> = new Set<QuestionKind>([
  'directory.scram',
  'directory.password',
  'queue.commit',
  'content',
  'directory.filters',
  'filter.file',
])

export interface DomainEntry {
  readonly domain: Domain
  readonly at?: SourceRef
}

/** What an address of ours stands for. `entry` names it for the trace: `user kim@example.org`. */
export type AddressEntry = {
  readonly entry: string
  readonly at?: SourceRef
} /** A mailbox. `user` is its canonical name. `disabled`: refuse for good; `suspended`: try later. */ & (
  | {
      readonly kind: 'user'
      readonly user: string
      readonly status: 'active' | 'disabled' | 'suspended'
      /** The machine that keeps the mailbox, where that is not this one (`mailHost`). */
      readonly host?: string
      /** Absent: no limit. */
      readonly quota?: MailboxQuota
    }
  /** One or more other addresses or programs. `owner` becomes the envelope sender of what the list sends on. */
  | {
      readonly kind: 'group'
      readonly members: readonly Member[]
      readonly owner?: MailAddress
      /** Who may post; absent: everybody. */
      readonly access?: ListAccess
      /** It has rules of its own; `directory.filters` has them under its address. */
      readonly hasRules?: true
    }
)

/** What a mailbox may hold, all folders together (`mailQuota`, `mailMsgQuota`); what is absent is not limited. */
export interface MailboxQuota {
  readonly octets?: number
  readonly messages?: number
}

/** `too-large`: not even an empty mailbox would hold the message. */
export type MailboxRoom = 'room' | 'full' | 'too-large'

export type Member = { readonly address: MailAddress } | { readonly pipe: readonly string[] }

export interface Account {
  /** The canonical login name. */
  readonly login: string
  /** Addresses the account may send as; the first is its own. */
  readonly addresses: readonly MailAddress[]
}

/** RFC 5803 in parts; base64 as there. */
export interface ScramKeys {
  readonly account: Account
  readonly salt: string
  readonly iterations: number
  readonly storedKey: string
  readonly serverKey: string
}
