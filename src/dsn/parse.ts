// SPDX-License-Identifier: Apache-2.0
/**
 * Reads delivery status notifications that others (and we) wrote: RFC 3464 in RFC 6522, with the forms of RFC 6533.
 * Tolerant and bounded: what makes no sense is left out, and nothing is an error. Who sent a report is not proved by
 * it; callers must not believe one about a message that they did not send.
 */
import { parseContentType } from '../mime/content-type.ts'
import { headerText } from '../mime/encoded-word.ts'
import { fieldsOf, splitHeader } from '../mime/header-text.ts'
import { decodeTransferEncoding } from '../mime/transfer-encoding.ts'

/** Bounds: no honest report comes near them. */
const MAX_RECIPIENTS = 1000
const MAX_FIELDS = 64
const MAX_VALUE = 4096
const MAX_STATUS = 1024 * 1024
const MAX_TEXT = 64 * 1024
const MAX_PARTS = 16

/** RFC 3464 §2.1.2: `rfc822; kim@example.org`; the type in lower case. */
export interface TypedValue {
  readonly type: string
  readonly value: string
}

/** Fields by lower-case name, unfolded; of a name that stands twice the first. */
export type StatusFields = ReadonlyMap<string, string>

export interface MessageStatus {
  readonly fields: StatusFields
  readonly originalEnvelopeId?: string
  readonly reportingMta?: TypedValue
  readonly arrivalDate?: string
}

export interface RecipientStatus {
  readonly fields: StatusFields
  readonly originalRecipient?: TypedValue
  readonly finalRecipient?: TypedValue
  /** Only the five of RFC 3464 §2.3.3. */
  readonly action?: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded'
  /** Only in the form of RFC 3463; a comment behind it is cut off. */
  readonly status?: string
  readonly remoteMta?: TypedValue
  readonly diagnosticCode?: TypedValue
  readonly lastAttemptDate?: string
  readonly willRetryUntil?: string
}

export interface DeliveryStatus {
  readonly perMessage: MessageStatus
  readonly perRecipient: readonly RecipientStatus[]
}

/** RFC 3464 §2.1: per-message-fields 1*( CRLF per-recipient-fields ) */
export function parseDeliveryStatus(text: string): DeliveryStatus {
  const groups = fieldGroups(text)
  // Some systems leave the first group out.
  const [first] = groups
  const hasMessage = first !== undefined && !first.has('final-recipient') && !first.has('action')
  const perMessage = hasMessage ? first : new Map<string, string>()
  return {
    perMessage: messageStatus(perMessage),
    perRecipient: groups.slice(hasMessage ? 1 : 0, MAX_RECIPIENTS + 1).map(recipientStatus),
  }
}

function fieldGroups(text: string): readonly StatusFields[] {
  const groups: Map<string, string>[] = []
  let group: Map<string, string> | undefined
  let name: string | undefined
  for (const line of text.slice(0, MAX_STATUS).split(/\r?\n/)) {
    if (line.trim() === '') {
      group = undefined
      name = undefined
      continue
    }
    if (line[0] === ' ' || line[0] === '\t') {
      const before = name === undefined ? undefined : group?.get(name)
      if (name !== undefined && before !== undefined && before.length < MAX_VALUE)
        group?.set(name, `${before} ${line.trim()}`.slice(0, MAX_VALUE))
      continue
    }
    name = undefined
    const colon = line.indexOf(':')
    if (colon <= 0 || colon > 76) continue
    if (group === undefined) {
      if (groups.length > MAX_RECIPIENTS) break
      group = new Map()
      groups.push(group)
    }
    const key = line.slice(0, colon).trimEnd().toLowerCase()
    if (group.has(key) || group.size >= MAX_FIELDS) continue
    name = key
    group.set(
      key,
      line
        .slice(colon + 1)
        .trim()
        .slice(0, MAX_VALUE),
    )
  }
  return groups
}

function messageStatus(fields: StatusFields): MessageStatus {
  return defined({
    fields,
    originalEnvelopeId: fields.get('original-envelope-id'),
    reportingMta: typed(fields.get('reporting-mta')),
    arrivalDate: fields.get('arrival-date'),
  })
}

function recipientStatus(fields: StatusFields): RecipientStatus {
  const action = fields.get('action')?.toLowerCase().split(/[\s(]/, 1)[0]
  return defined({
    fields,
    originalRecipient: typed(fields.get('original-recipient')),
    finalRecipient: typed(fields.get('final-recipient')),
    action: isAction(action) ? action : undefined,
    status: /^[245]\.\d{1,3}\.\d{1,3}(?!\d)/.exec(fields.get('status') ?? '')?.[0],
    remoteMta: typed(fields.get('remote-mta')),
    diagnosticCode: typed(fields.get('diagnostic-code')),
    lastAttemptDate: fields.get('last-attempt-date'),
    willRetryUntil: fields.get('will-retry-until'),
  })
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** The same without what is undefined. */
const defined = <T extends object>(object: T): Defined<T> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>

const isAction = (text: string | undefined): text is NonNullable<RecipientStatus['action']> =>
  text === 'failed' || text === 'delayed' || text === 'delivered' || text === 'relayed' || text === 'expanded'

function typed(text: string | undefined): TypedValue | undefined {
  const semicolon = text?.indexOf(';') ?? -1
  if (text === undefined || semicolon < 0) return undefined
  const type = text.slice(0, semicolon).trim().toLowerCase()
  const value = text.slice(semicolon + 1).trim()
  return { type, value: type === 'utf-8' ? fromUnicodeForm(value) : value }
}

/** RFC 6533 §3: `\x{E9}` stands for a character where only ASCII may. */
const fromUnicodeForm = (value: string): string =>
  value.replace(/\\x\{([0-9A-Fa-f]{1,6})\}/g, (whole, hex: string) => {
    const point = Number.parseInt(hex, 16)
    return point <= 0x10ffff ? String.fromCodePoint(point).toWellFormed() : whole
  })

export interface Report {
  /** `delivery-status`, `global-delivery-status`, `disposition-notification`, … */
  readonly reportType: string
  /** The first part, when it is plain text; at most 64 KiB. */
  readonly text?: string
  readonly status?: DeliveryStatus
  /** Fields of a message disposition notification, RFC 8098 §3.1. */
  readonly disposition?: StatusFields
  /** The third part: what came back of the message. */
  readonly original?: { readonly type: string; readonly header: Buffer; readonly whole: boolean }
}

/** The parts of a multipart/report message; `undefined` when it is none. RFC 6522 §3. */
export function parseReport(message: Uint8Array): Report | undefined {
  const { header, body } = splitHeader(message)
  const { type, parameters } = contentTypeOf(header)
  const boundary = parameters.get('boundary') ?? ''
  // RFC 2046 §5.1.1: 1 to 70 characters.
  if (type !== 'multipart/report' || boundary === '' || boundary.length > 70) return undefined
  let report: Report = { reportType: parameters.get('report-type')?.toLowerCase() ?? '' }
  for (const part of partsOf(body, boundary)) {
    const { header: partHeader, body: partBody } = splitHeader(part)
    const { type: partType } = contentTypeOf(partHeader)
    const bytes = (): Uint8Array => decodeTransferEncoding(partBody, fieldOf(partHeader, 'content-transfer-encoding'))
    if (partType === 'message/delivery-status' || partType === 'message/global-delivery-status')
      report = { status: parseDeliveryStatus(headerText(bytes())), ...report }
    else if (partType === 'message/disposition-notification' || partType === 'message/global-disposition-notification')
      report = { disposition: fieldGroups(headerText(bytes()))[0] ?? new Map(), ...report }
    else if (partType === 'message/rfc822' || partType === 'message/global')
      report = { original: { type: partType, header: splitHeader(bytes()).header, whole: true }, ...report }
    else if (partType === 'text/rfc822-headers' || partType === 'message/global-headers')
      report = { original: { type: partType, header: splitHeader(bytes()).header, whole: false }, ...report }
    else if (partType === 'text/plain' || partType === '')
      report = { text: headerText(bytes().subarray(0, MAX_TEXT)), ...report }
  }
  return report
}

const fieldOf = (header: Buffer, name: string): string => {
  for (const field of fieldsOf(header)) if (field.name.toLowerCase() === name) return field.value
  return ''
}

const contentTypeOf = (header: Buffer) => parseContentType(fieldOf(header, 'content-type').slice(0, MAX_VALUE))

/** RFC 2046 §5.1.1; the line end before a delimiter belongs to it. A report cut short ends with its last part. */
function* partsOf(body: Buffer, boundary: string): Iterable<Buffer> {
  const delimiter = Buffer.from(`--${boundary}`, 'latin1')
  let start = -1
  let parts = 0
  for (let at = body.indexOf(delimiter); at >= 0 && parts < MAX_PARTS; at = body.indexOf(delimiter, at + 1)) {
    if (at > 0 && body[at - 1] !== 0x0a) continue
    const lf = body.indexOf(0x0a, at)
    const lineEnd = lf < 0 ? body.length : lf + 1
    // Longer than the longest delimiter with some white space: no delimiter, and not worth looking at.
    if (lineEnd - at > delimiter.length + 80) continue
    const rest = body.toString('latin1', at + delimiter.length, lineEnd).trim()
    if (rest !== '' && rest !== '--') continue
    if (start >= 0) {
      parts++
      yield body.subarray(start, withoutLineEnd(body, start, at))
    }
    if (rest === '--') return
    start = lineEnd
  }
  if (start >= 0 && parts < MAX_PARTS) yield body.subarray(start)
}

const withoutLineEnd = (body: Buffer, start: number, at: number): number => {
  const end = body[at - 1] === 0x0a ? (body[at - 2] === 0x0d ? at - 2 : at - 1) : at
  return Math.max(start, end)
}
