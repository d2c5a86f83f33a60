// SPDX-License-Identifier: Apache-2.0
/**
 * The message as scripts see it: fields in order, raw and decoded; parts; size. A value: an edit makes another message
 * that shares the rest, so that every action can keep the one it was taken with (RFC 5293 §7).
 */
import { decodeWords } from '../mime/encoded-word.ts'
import { fieldsOf, type HeaderField, splitHeader } from '../mime/header-text.ts'
import { type MimePart, parseStructure } from '../mime/structure.ts'
import { TextList } from './match/text-list.ts'

/** What `addheader` and `deleteheader` changed, in order, for hosts that pass the octets on (design 2.6). */
export type HeaderEdit =
  /** `field`: complete lines, CRLF at their ends. */
  | { readonly edit: 'add'; readonly name: string; readonly field: string; readonly last: boolean }
  /** The `occurrence`-th field of that name as the message stood then, counted from 1. */
  | { readonly edit: 'delete'; readonly name: string; readonly occurrence: number }

export class Field {
  readonly name: string
  readonly lowerName: string
  readonly raw: Buffer
  /** Unfolded, without white space at the ends; encoded words as they stand. */
  readonly value: string
  #decoded: string | undefined

  constructor({ name, raw, value }: HeaderField) {
    this.name = name
    this.lowerName = name.toLowerCase()
    this.raw = raw
    this.value = value
  }

  /** RFC 5228 §2.7.2: encoded words are decoded before a comparison. */
  get decoded(): string {
    this.#decoded ??= (this.value.includes('=?') ? decodeWords(this.value) : this.value).trim()
    return this.#decoded
  }
}

interface ParseOptions {
  /** Where the octets are only the beginning of a larger message: what it has in all. */
  readonly size?: number
  /** The message that a script put this one in the place of. */
  readonly insteadOf?: SieveMessage
  /** That message is within this one. */
  readonly encloses?: boolean
}

interface Parts {
  readonly fields: readonly Field[]
  readonly body: Buffer
  readonly size: number
  readonly edits: readonly HeaderEdit[]
  readonly replaced: boolean
  readonly headerOnly: boolean
  readonly original: SieveMessage | undefined
  readonly within: SieveMessage | undefined
  readonly root?: MimePart | undefined
}

const NO_FIELDS: readonly Field[] = []
const NO_TEXTS = TextList.of([])

export class SieveMessage {
  readonly fields: readonly Field[]
  /** What stands behind the header's empty line. */
  readonly body: Buffer
  /** Octets, as the `size` test counts them: of the message as it came, edits not counted. */
  readonly size: number
  readonly headerEdits: readonly HeaderEdit[]
  /** A script put another text in place of the message or a part (RFC 5703); its octets are not those received. */
  readonly replaced: boolean
  /** No empty line behind the header: there is no body, not even an empty one (RFC 5173 §4). */
  readonly headerOnly: boolean
  readonly #original: SieveMessage | undefined
  readonly #within: SieveMessage | undefined
  readonly #byName = new Map<string, Field[]>()
  readonly #texts = new Map<string, TextList>()
  #root: MimePart | undefined

  constructor({ fields, body, size, edits, replaced, headerOnly, original, within, root }: Parts) {
    this.fields = fields
    this.body = body
    this.size = size
    this.headerEdits = edits
    this.replaced = replaced
    this.headerOnly = headerOnly
    this.#original = original
    this.#within = within
    this.#root = root
    for (const field of fields) {
      const known = this.#byName.get(field.lowerName)
      if (known === undefined) this.#byName.set(field.lowerName, [field])
      else known.push(field)
    }
  }

  /**
   * The message in these octets.
   */
  static parse(bytes: Uint8Array, options: ParseOptions = {}): SieveMessage {
    const { header, body } = splitHeader(bytes)
    const fields = [...fieldsOf(header)].map((field) => new Field(field))
    const { size = bytes.length, insteadOf, encloses = false } = options
    const inner = insteadOf?.unenclosed
    // A message that itself is within nothing is nobody's inner one, unless it is enclosed now.
    const within = encloses || inner !== insteadOf ? inner : undefined
    return new SieveMessage({
      fields,
      body,
      size,
      edits: [],
      replaced: insteadOf !== undefined,
      headerOnly: header.length === bytes.length,
      original: insteadOf?.original,
      within,
    })
  }

  /** Fields of a name in any case, in order. */
  fieldsNamed(name: string): readonly Field[] {
    return this.#byName.get(name) ?? this.#byName.get(name.toLowerCase()) ?? NO_FIELDS
  }

  /** The decoded values of the fields of a name. The same object each time, so that what is derived is kept. */
  textsOf(name: string): TextList {
    const known = this.#texts.get(name)
    if (known !== undefined) return known
    const fields = this.fieldsNamed(name)
    const texts = fields.length === 0 ? NO_TEXTS : TextList.of(fields.map(({ decoded }) => decoded))
    this.#texts.set(name, texts)
    return texts
  }

  /** As it came: what refusals give back (RFC 5293 §7, RFC 5429 §2.4). */
  get original(): SieveMessage {
    return this.#original ?? this
  }

  /** Without what `enclose` put around it: what `redirect` sends on (RFC 5703 §6). */
  get unenclosed(): SieveMessage {
    return this.#within ?? this
  }

  /** The same message to the eye that looks for duplicates: header edits make no other one (RFC 5293 §7). */
  isSameAs(other: SieveMessage): boolean {
    return this.body === other.body
  }

  /** The tree of parts; read when it is first asked for. */
  get root(): MimePart {
    this.#root ??= parseStructure(this.bytes())
    return this.#root
  }

  /** The octets, with the edits. */
  bytes(): Buffer {
    return Buffer.concat([...this.fields.map(({ raw }) => raw), Buffer.from('\r\n'), this.body])
  }

  withAdded(field: Field, last: boolean): SieveMessage {
    const fields = last ? [...this.fields, field] : [field, ...this.fields]
    const edit: HeaderEdit = { edit: 'add', name: field.name, field: field.raw.toString(), last }
    return this.#edited(fields, edit)
  }

  /** Without the field; `occurrence` counts from 1 among those of its name. */
  withDeleted(field: Field): SieveMessage {
    const occurrence = this.fieldsNamed(field.lowerName).indexOf(field) + 1
    const edit: HeaderEdit = { edit: 'delete', name: field.name, occurrence }
    return this.#edited(
      this.fields.filter((other) => other !== field),
      edit,
    )
  }

  #edited(fields: readonly Field[], edit: HeaderEdit): SieveMessage {
    const { body, size, replaced, headerOnly, headerEdits } = this
    // The tree of parts keeps the header received: edits of MIME fields do not change how the body is read.
    return new SieveMessage({
      fields,
      body,
      size,
      edits: [...headerEdits, edit],
      replaced,
      headerOnly,
      original: this.original,
      within: this.#within,
      root: this.#root,
    })
  }
}
