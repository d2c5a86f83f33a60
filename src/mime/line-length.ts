// SPDX-License-Identifier: Apache-2.0
/**
 * Parts with lines that are too long, as quoted-printable (spec access-control.md 8, `linelength`; RFC 2045 §6.7). First
 * a look at the whole message, which says what must change; then the message, changed while it streams by.
 *
 * Changed are leaf parts in lines (7bit, 8bit, or nothing said). Header lines, containers and what entity-walker.ts
 * passes stay as they are, however long their lines.
 */
import { type EntityHeader, type EntitySink, EntityWalker } from './entity-walker.ts'
import { QuotedPrintableEncoder } from './quoted-printable.ts'

/** Parts of one message that are changed at most. */
const MAX_CHANGED = 10_000

const LF = 0x0a
const CR = 0x0d

/** The entities to change, by their index in the message; none: it goes as it is. */
export type LineLengthPlan = ReadonlySet<number>

/**
 * What must change so that no line of a part is longer than `max` octets, its line end not counted. A message with lines
 * that end in LF alone is not changed.
 * @throws what reading the content throws
 */
export async function planLineLength(content: AsyncIterable<Uint8Array>, max: number): Promise<LineLengthPlan> {
  const sink = new LongLineFinder(max)
  const walker = new EntityWalker(sink)
  for await (const chunk of content) {
    walker.push(chunk)
    if (walker.bareLf) return new Set()
  }
  walker.end()
  return sink.found
}

class LongLineFinder implements EntitySink {
  readonly found = new Set<number>()
  readonly #max: number
  #index = 0
  #column = 0
  #endsInCr = false

  constructor(max: number) {
    this.#max = max
  }

  field(): void {}
  pass(): void {}

  headerEnd(_: Buffer, { index }: EntityHeader): void {
    this.#index = index
    this.#column = 0
    this.#endsInCr = false
  }

  text(piece: Buffer): void {
    const ends = piece.at(-1) === LF
    const endsInCr = piece.at(-1) === CR
    if (!ends) {
      this.#column += piece.length
      // A CR may yet turn out to belong to the line end.
      this.#judge(this.#column - (endsInCr ? 1 : 0))
      this.#endsInCr = endsInCr
      return
    }
    const hasCr = piece.length > 1 ? piece.at(-2) === CR : this.#endsInCr
    this.#judge(this.#column + piece.length - (hasCr ? 2 : 1))
    this.#column = 0
    this.#endsInCr = false
  }

  textEnd(): void {
    this.#judge(this.#column)
    this.#column = 0
  }

  unsure(): void {
    this.found.delete(this.#index)
  }

  #judge(length: number): void {
    if (length > this.#max && this.found.size < MAX_CHANGED) this.found.add(this.#index)
  }
}

/** The content with these parts encoded, chunk by chunk as it comes. `plan` is of the same content, and not empty. */
export async function* encodeLongLines(
  content: AsyncIterable<Uint8Array>,
  plan: LineLengthPlan,
): AsyncGenerator<Uint8Array> {
  const sink = new PartEncoder(plan)
  const walker = new EntityWalker(sink)
  for await (const chunk of content) {
    walker.push(chunk)
    const out = sink.take()
    if (out.length > 0) yield out
  }
  walker.end()
  const out = sink.take()
  if (out.length > 0) yield out
}

class PartEncoder implements EntitySink {
  readonly #plan: LineLengthPlan
  readonly #encoder = new QuotedPrintableEncoder()
  #out: Buffer[] = []
  #encoding = false

  constructor(plan: LineLengthPlan) {
    this.#plan = plan
  }

  /** What has come out since the last call. */
  take(): Buffer {
    const out = this.#out
    this.#out = []
    return Buffer.concat(out)
  }

  field(piece: Buffer, name: string, index: number): void {
    if (name !== 'content-transfer-encoding' || !this.#plan.has(index)) this.#out.push(piece)
  }

  headerEnd(emptyLine: Buffer, { index, has }: EntityHeader): void {
    this.#encoding = this.#plan.has(index)
    const plain = index === 0 && !has.has('mime-version')
    const fields = [
      ...(plain ? ['MIME-Version: 1.0\r\n'] : []),
      ...(plain && this.#encoding && !has.has('content-type') ? ['Content-Type: text/plain\r\n'] : []),
      ...(this.#encoding ? ['Content-Transfer-Encoding: quoted-printable\r\n'] : []),
    ]
    this.#out.push(Buffer.from(fields.join('')), emptyLine)
    // Encoded, the first line of a body could look like a field.
    if (emptyLine.length === 0 && fields.length > 0) this.#out.push(Buffer.from('\r\n'))
  }

  text(piece: Buffer): void {
    this.#out.push(this.#encoding ? this.#encoder.push(piece) : piece)
  }

  textEnd(): void {
    if (this.#encoding) this.#out.push(this.#encoder.end())
    this.#encoding = false
  }

  unsure(): void {}

  pass(piece: Buffer): void {
    this.#out.push(piece)
  }
}
