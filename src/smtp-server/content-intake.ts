// SPDX-License-Identifier: Apache-2.0
/**
 * Takes in the content of one message: through the wire scanner (dots, chunks, line ends) and what makes long lines
 * short, past the content scanner into the draft of the queue. Keeps nothing more once the message is sure to be refused: too large, a bare CR or LF
 * where the policy refuses them, or a draft that the disk would not have. It is read to its end nevertheless.
 */
import type { Envelope } from '../envelope/envelope.ts'
import { ContentScanner } from '../mime/content-scanner.ts'
import { isContinuation } from '../mime/header-line.ts'
import type { Draft } from '../queue/store.ts'
import { ChunkScanner, DataScanner } from '../smtp/data-scanner.ts'
import { LineFitter } from '../smtp/long-lines.ts'
import type { ContentRules, Received } from './action.ts'

export interface Intake {
  readonly ended: boolean
  /** What followed the end of DATA: pipelined commands. */
  readonly rest?: Buffer
}

export class ContentIntake {
  readonly rules: ContentRules
  readonly #wire: DataScanner | ChunkScanner
  readonly #fitter: LineFitter | undefined
  readonly #scanner: ContentScanner
  readonly #draft: Promise<Draft | undefined>
  #octets = 0
  #kept = 0
  #continues = false
  #keeping = true
  #lost: string | undefined

  constructor(how: 'data' | 'chunks', rules: ContentRules, begin: () => Promise<Draft>) {
    this.rules = rules
    this.#scanner = new ContentScanner(rules.localHost)
    const bareNewlines = rules.bareNewlines === 'normalise' && !rules.unlooked ? 'normalise' : 'pass'
    this.#wire = how === 'data' ? new DataScanner({ bareNewlines }) : new ChunkScanner({ bareNewlines })
    const longLines = rules.unlooked ? 'pass' : rules.longLines
    this.#fitter = longLines === 'truncate' || longLines === 'wrap' ? new LineFitter(longLines) : undefined
    this.#draft = this.#begin(begin)
  }

  /** Octets of content so far as they came, kept or not. */
  get octets(): number {
    return this.#octets
  }

  /** Octets that were kept of them. */
  get kept(): number {
    return this.#kept
  }

  /** Takes octets from the wire; resolves when more may come. Never rejects: a failing draft is told by `received`. */
  async push(bytes: Uint8Array): Promise<Intake> {
    const { content, ended, rest } = this.#wire.push(bytes)
    await this.#take(content)
    return rest === undefined ? { ended } : { ended, rest }
  }

  /** A chunk that is not the last is complete. */
  chunk(): Received {
    return this.#lost === undefined ? { kind: 'chunk', octets: this.#octets } : { kind: 'lost', cause: this.#lost }
  }

  /** The message is complete. */
  async whole(): Promise<Received> {
    if (this.#wire instanceof ChunkScanner) await this.#take(this.#wire.finish())
    if (this.#fitter !== undefined) await this.#keep(this.#fitter.finish())
    await this.#draft // a draft that could not begin is lost even when the content is empty
    if (this.#lost !== undefined) return { kind: 'lost', cause: this.#lost }
    const { bareCr, bareLf, nul } = this.#wire
    // The wire scanner saw what came, the content scanner what was kept.
    // Of what nobody looked at nothing is known but how it begins, so it may be anything.
    const unseen = this.rules.unlooked ? { eightBitBody: true, continues: this.#continues } : {}
    const seen = { ...this.#scanner.finish(), ...unseen }
    const size = this.#keeping ? this.#kept : this.#octets
    const longestLine = this.#fitter?.longest ?? seen.longestLine
    return { kind: 'whole', summary: { ...seen, size, longestLine, bareCr, bareLf, hasNul: nul > 0 } }
  }

  /** The content as kept, from its first octet; at most so many. @throws when the disk fails, or nothing was kept */
  async beginning(most: number): Promise<Uint8Array> {
    const draft = await this.#draft
    if (draft === undefined || !this.#keeping) throw new Error('the content was not kept')
    return await draft.beginning(most)
  }

  /** @throws when the store will not have it; nothing is kept then */
  async commit(envelope: Envelope): Promise<void> {
    const draft = await this.#draft
    if (draft === undefined || !this.#keeping) throw new Error('the content was not kept')
    this.#keeping = false
    await draft.commit(envelope)
  }

  /** Forgets what was kept. Never rejects. */
  async drop(): Promise<void> {
    if (!this.#keeping) return
    this.#keeping = false
    try {
      await (await this.#draft)?.abort()
    } catch (error) {
      this.#lost ??= String(error)
    }
  }

  async #begin(begin: () => Promise<Draft>): Promise<Draft | undefined> {
    try {
      return await begin()
    } catch (error) {
      this.#lost = String(error)
      this.#keeping = false
      return undefined
    }
  }

  async #take(content: readonly Uint8Array[]): Promise<void> {
    for (const { length } of content) this.#octets += length
    if (!this.#keeping) return
    const { bareNewlines, unlooked, maxBytes } = this.rules
    const bare = this.#wire.bareCr + this.#wire.bareLf > 0 && bareNewlines === 'reject' && !unlooked
    if (bare || this.#octets > maxBytes) {
      await this.drop()
      return
    }
    const fitter = this.#fitter
    await this.#keep(fitter === undefined ? content : content.flatMap((piece) => fitter.push(piece)))
  }

  async #keep(content: readonly Uint8Array[]): Promise<void> {
    const only = content.length === 1 ? content[0] : undefined
    const bytes = only ?? Buffer.concat(content)
    if (!this.#keeping || bytes.length === 0) return
    if (this.#kept === 0) this.#continues = isContinuation(bytes)
    this.#kept += bytes.length
    if (!this.rules.unlooked) this.#scanner.push(bytes)
    try {
      const draft = await this.#draft
      if (this.#keeping) await draft?.write(bytes)
    } catch (error) {
      this.#lost ??= String(error)
      await this.drop()
    }
  }
}
