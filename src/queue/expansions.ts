// SPDX-License-Identifier: Apache-2.0
/**
 * Recipients that come into being at delivery time, by aliases or by filters: nobody twice (spec filters.md 8), no deeper
 * than aliases may nest, and not in circles. Nobody is left without the message because two recipients point at each
 * other: a redirect is dropped for one who is a recipient already only where that one's copy does not hang on it.
 */
import { addressKey } from '../address/path.ts'
import type { Recipient } from '../envelope/envelope.ts'
import { leadsTo } from '../envelope/ledger.ts'
import type { Outcome } from '../envelope/outcome.ts'
import type { QueuedMessage } from './store.ts'

type Member = Omit<Recipient, 'index' | 'parent'>

/** `limits.aliasDepth`, and `limits.expansion` for all that one recipient of the envelope may become. */
type Limits = { readonly aliasDepth: number; readonly expansion: number }

/** Those of one message, while what came of one attempt is settled. */
export class Expansions {
  readonly #limits: Limits
  readonly #known = new Map<number, Recipient>()
  /** Where the mail of a recipient went: to those it became, and to those that had it already. */
  readonly #leads = new Map<number, number[]>()
  readonly #byPlace = new Map<string, number[]>()
  readonly #byKind = new Map<string, number>()
  /** Of each recipient the one of the envelope that it came from, and how many came from that one. */
  readonly #roots = new Map<number, number>()
  readonly #born = new Map<number, number>()
  #next = 0

  constructor({ recipients }: QueuedMessage, limits: Limits) {
    this.#limits = limits
    for (const state of recipients.values()) {
      this.#add(state.recipient)
      this.#lead(state.recipient.index, leadsTo(state))
    }
  }

  /** The outcome with what is new of it; its members are numbered from `firstIndex`, the next time from behind them. */
  bound(outcome: Outcome, recipient: Recipient): { readonly outcome: Outcome; readonly firstIndex: number } {
    const firstIndex = this.#next
    return { outcome: outcome.kind === 'expanded' ? this.#bound(outcome, recipient) : outcome, firstIndex }
  }

  #bound(outcome: Outcome & { readonly kind: 'expanded' }, recipient: Recipient): Outcome {
    const lineage = this.#lineage(recipient)
    const goesOn = outcome.into.some((member) => placeOf(member) !== placeOf(recipient))
    if (goesOn && this.#depth(lineage) >= this.#limits.aliasDepth)
      return { kind: 'failed', status: '5.4.6', reason: `aliases or redirects nested too deeply: ${recipient.given}` }
    const born = this.#born.get(this.#rootOf(recipient)) ?? 0
    if (goesOn && born + outcome.into.length > this.#limits.expansion)
      return { kind: 'failed', status: '5.5.3', reason: `becomes too many recipients: ${recipient.given}` } // RFC 3463 X.5.3
    const into: Member[] = []
    const also = new Set(outcome.also)
    const from = new Set(lineage.map(({ index }) => index))
    for (const asked of outcome.into) {
      const decides = asked.unfiltered === true || asked.copy?.redirected === true
      const same = decides ? this.#hasItAnyway(asked, from) : this.#byKind.get(kindOf(asked))
      if (same !== undefined && outcome.itself !== true) {
        also.add(same)
        continue
      }
      const member = lineage.some((each) => isWhom(each, asked)) ? cameFrom(asked) : asked
      this.#lead(recipient.index, [this.#next])
      this.#add({ ...member, index: this.#next, parent: recipient.index })
      into.push(member)
    }
    const of = [...also]
    if (into.length === 0 && of.length > 0) {
      if (!of.some((each) => this.#ends(each, recipient)))
        return { kind: 'failed', status: '5.4.6', reason: `the address leads back to itself: ${recipient.given}` }
      const names = of.map((each) => this.#known.get(each)?.address ?? '')
      this.#lead(recipient.index, of)
      return { kind: 'duplicate', of, where: names.join(', ') }
    }
    this.#lead(recipient.index, of)
    return { ...outcome, into, ...(of.length === 0 ? {} : { also: of }) }
  }

  /** Who is there and will not wait for the mail of these in turn. */
  #hasItAnyway(member: Member, from: ReadonlySet<number>): number | undefined {
    return this.#byPlace.get(placeOf(member))?.find((index) => !this.#reaches(index, from))
  }

  #reaches(start: number, wanted: ReadonlySet<number>): boolean {
    const seen = new Set([start])
    for (const index of seen) {
      if (wanted.has(index)) return true
      for (const next of this.#leads.get(index) ?? []) seen.add(next)
    }
    return false
  }

  /** Somebody has the mail, or waits for it, to whom it leads by another way than by this recipient. */
  #ends(start: number, { index: own }: Recipient): boolean {
    const seen = new Set([start])
    for (const index of seen) {
      if (index === own) continue
      const leads = this.#leads.get(index) ?? []
      if (leads.length === 0) return true
      for (const next of leads) seen.add(next)
    }
    return false
  }

  /** The recipient and whom it came from, back to the envelope. */
  #lineage(recipient: Recipient): readonly Recipient[] {
    const line: Recipient[] = []
    for (let at: Recipient | undefined = recipient; at !== undefined; at = this.#parentOf(at)) line.push(at)
    return line
  }

  #rootOf({ index, parent = index }: Recipient): number {
    return this.#roots.get(parent) ?? parent
  }

  #parentOf({ parent }: Recipient): Recipient | undefined {
    return parent === undefined ? undefined : this.#known.get(parent)
  }

  /** Steps to another place: what a filter decided stays where it was. */
  #depth(lineage: readonly Recipient[]): number {
    const places = lineage.map(placeOf)
    return places.filter((place, i) => i > 0 && place !== places[i - 1]).length
  }

  #add(recipient: Recipient): void {
    const { index } = recipient
    this.#known.set(index, recipient)
    const root = this.#rootOf(recipient)
    this.#roots.set(index, root)
    if (root !== index) this.#born.set(root, (this.#born.get(root) ?? 0) + 1)
    push(this.#byPlace, placeOf(recipient), index)
    const kind = kindOf(recipient)
    if (!this.#byKind.has(kind)) this.#byKind.set(kind, index)
    this.#next = Math.max(this.#next, index + 1)
  }

  #lead(index: number, to: readonly number[]): void {
    for (const each of to) push(this.#leads, index, each)
  }
}

/** It leads to where it came from: it ends there, in the inbox, and no filter is asked again. */
const cameFrom = ({ unfiltered: _, ...member }: Member): Member => member

function push<K>(lists: Map<K, number[]>, key: K, index: number): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [index])
  else list.push(index)
}

/** The same place, or the same user by another subaddress: those a script can make up without end. */
const isWhom = (one: Member, other: Member): boolean =>
  placeOf(one) === placeOf(other) || (one.user !== undefined && one.user === other.user)

const placeOf = ({ address, channel, via, detail }: Member): string =>
  JSON.stringify([addressKey(address), channel, via ?? '', detail ?? ''])

/**
 * Copies that a filter files into different mailboxes are different, and so is the recipient they were made of; and what
 * is left to be carried out beside copies (a refusal) is neither. A mailbox is one whatever subaddress led to it.
 */
const kindOf = (member: Member): string => {
  const { copy, filtered, unfiltered = false } = member
  const { detail: _, ...anyDetail } = member
  return `${placeOf(copy?.mailbox === undefined ? member : anyDetail)} ${filtered !== undefined} ${unfiltered} ${copy === undefined ? '' : `copy ${copy.mailbox ?? ''}`}`
}
