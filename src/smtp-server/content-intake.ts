// SPDX-License-Identifier: Apache-2.0
/**
 * Takes in the content of one message: through the wire scanner (dots, chunks, line ends) and what makes long lines
 * short, past the content scanner into the draft of the queue. Keeps nothing more once the message is sure to be refused: too large, a bare CR or LF
 * where the policy refuses them, or a draft that the disk would not have. It is read to its end nevertheless. What the
 * draft has in memory takes no promise.
 */
import type { Envelope } from '../envelope/envelope.ts'
import { ContentScanner } from '../mime/content-scanner.ts'
import { isContinuation } from '../mime/header-line.ts'
import type { Draft } from '../queue/store.ts'
import { ChunkScanner, DataScanner } from '../smtp/data-scanner.ts'
import { LineFitter } from '../smtp/long-lines.ts'
import type { ContentRules, Received } from './action.ts'

export interface Taken {
  readonly ended: boolean
  /** What followed the end of DATA: pipelined commands. */
  readonly rest?: Buffer | undefined
  /** Nothing more may come before this resolves; it never rejects. Not there when more may come at once. */
  readonly kept?: Promise<void> | undefined
}

export class ContentIntake {
  readonly rules: ContentRules
  readonly #wire: DataScanner | ChunkScanner
  readonly #fitter: LineFitter | undefined
  readonly #scanner: ContentScanner
  /** As long as the content is kept. */
  #draft: Draft | undefined
  #octets = 0
  #kept = 0
  #continues = false
  #lost: string | undefined

  constructor(how: 'data' | 'chunks', rules: ContentRules, begin: () => Draft) {
    this.rules = rules
    this.#scanner = new ContentScanner(rules.localHost)
    const bareNewlines = rules.bareNewlines === 'normalise' && !rules.unlooked ? 'normalise' : 'pass'
    this.#wire = how === 'data' ? new DataScanner({ bareNewlines }) : new ChunkScanner({ bareNewlines })
    const longLines = rules.unlooked ? 'pass' : rules.longLines
    this.#fitter = longLines === 'truncate' || longLines === 'wrap' ? new LineFitter(longLines) : undefined
    try {
      this.#draft = begin()
    } catch (error) {
      this.#lost = String(error)
    }
  }

  /** Octets of content so far as they came, kept or not. */
  get octets(): number {
    return this.#octets
  }

  /** Octets that were kept of them. */
  get kept(): number {
    return this.#kept
  }

  /** Takes octets from the wire. Never throws: a failing draft is told by `received`. */
  push(bytes: Uint8Array): Taken {
    const { content, ended, rest } = this.#wire.push(bytes)
    return { ended, rest, kept: this.#take(content) }
  }

  /** A chunk that is not the last is complete. */
  chunk(): Received {
    return this.#lost === undefined ? { kind: 'chunk', octets: this.#octets } : { kind: 'lost', cause: this.#lost }
  }

  /** The message is complete. */
  whole(): Received | Promise<Received> {
    if (this.#wire instanceof DataScanner && this.#fitter === undefined) return this.#received()
    return this.#takeHeldBack(this.#wire).then(() => this.#received())
  }

  /** The content as kept, from its first octet; at most so many. Throws or rejects when the disk fails, or nothing was kept. */
  beginning(most: number): Promise<Uint8Array> {
    return this.#whatWasKept.beginning(most)
  }

  /** Throws or rejects when the store will not have it; nothing is kept then. */
  commit(envelope: Envelope): Promise<void> {
    const draft = this.#whatWasKept
    this.#draft = undefined
    return draft.commit(envelope)
  }

  /** Forgets what was kept. Never rejects. */
  async drop(): Promise<void> {
    const draft = this.#draft
    this.#draft = undefined
    try {
      await draft?.abort()
    } catch (error) {
      this.#lost ??= String(error)
    }
  }

  #received(): Received {
    if (this.#lost !== undefined) return { kind: 'lost', cause: this.#lost }
    const { bareCr, bareLf, nul } = this.#wire
    // The wire scanner saw what came, the content scanner what was kept.
    // Of what nobody looked at nothing is known but how it begins, so it may be anything.
    const unseen = this.rules.unlooked ? { eightBitBody: true, continues: this.#continues } : {}
    const seen = { ...this.#scanner.finish(), ...unseen }
    const size = this.#draft === undefined ? this.#octets : this.#kept
    const longestLine = this.#fitter?.longest ?? seen.longestLine
    return { kind: 'whole', summary: { ...seen, size, longestLine, bareCr, bareLf, hasNul: nul > 0 } }
  }

  get #whatWasKept(): Draft {
    if (this.#draft === undefined) throw new Error('the content was not kept')
    return this.#draft
  }

  /** What the scanners waited with for the octets behind it. */
  async #takeHeldBack(wire: DataScanner | ChunkScanner): Promise<void> {
    if (wire instanceof ChunkScanner) await this.#take(wire.finish())
    if (this.#fitter !== undefined) await this.#keep(this.#fitter.finish())
  }

  #take(content: readonly Uint8Array[]): Promise<void> | undefined {
    for (const { length } of content) this.#octets += length
    if (this.#draft === undefined) return undefined
    const { bareNewlines, unlooked, maxBytes } = this.rules
    const bare = this.#wire.bareCr + this.#wire.bareLf > 0 && bareNewlines === 'reject' && !unlooked
    if (bare || this.#octets > maxBytes) return this.drop()
    const fitter = this.#fitter
    return this.#keep(fitter === undefined ? content : content.flatMap((piece) => fitter.push(piece)))
  }

  #keep(content: readonly Uint8Array[]): Promise<void> | undefined {
    const only = content.length === 1 ? content[0] : undefined
    const bytes = only ?? Buffer.concat(content)
    if (this.#draft === undefined || bytes.length === 0) return undefined
    if (this.#kept === 0) this.#continues = isContinuation(bytes)
    this.#kept += bytes.length
    if (!this.rules.unlooked) this.#scanner.push(bytes)
    try {
      return this.#draft.write(bytes)?.catch((error) => this.#lose(error))
    } catch (error) {
      return this.#lose(error)
    }
  }

  #lose(error: unknown): Promise<void> {
    this.#lost ??= String(error)
    return this.drop()
  }
}
