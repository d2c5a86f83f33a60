// SPDX-License-Identifier: Apache-2.0
/**
 * `mailto:` URIs of notifications: RFC 6068 and RFC 5436. Recipients are bounded, and of header fields only Subject, To,
 * Cc, Body and few harmless ones are taken (RFC 5436 §2.7); none can hold a line end.
 */
import type { NotifyMethodDef } from '../plugin.ts'
import { sieveAddress } from './sieve-address.ts'
import { autoSubmitted } from './vacation-rules.ts'

/** Addresses of one URI, and its characters. */
const MAX_RECIPIENTS = 8
const MAX_URI = 4096

export interface Mailto {
  readonly to: readonly string[]
  readonly cc: readonly string[]
  readonly subject?: string
  readonly body?: string
  /** Others that may be set. */
  readonly fields: readonly (readonly [string, string])[]
}

/** Fields a URI may set: none that says who sends, where it goes, or that a program made it. */
const ALLOWED = new Set(['keywords', 'comments', 'x-priority', 'priority', 'importance', 'x-notification'])

/** What a URI says, or what is wrong with it. */
export function parseMailto(uri: string): Mailto | string {
  if (!/^mailto:/i.test(uri)) return 'a mailto: URI begins with mailto:'
  if (uri.length > MAX_URI) return `a mailto: URI of more than ${MAX_URI} characters`
  const query = uri.indexOf('?')
  const to: string[] = []
  const cc: string[] = []
  const fields: [string, string][] = []
  let subject: string | undefined
  let body: string | undefined
  const addresses = (text: string, into: string[]): string | undefined => {
    for (const piece of text.split(',').filter((one) => one.trim() !== '')) {
      const address = decode(piece)
      const valid = address === undefined ? undefined : sieveAddress(address)
      if (valid === undefined) return `${JSON.stringify(piece.slice(0, 60))} is no mail address`
      into.push(valid)
    }
    return undefined
  }
  const problem = addresses(uri.slice(7, query < 0 ? undefined : query), to)
  if (problem !== undefined) return problem
  for (const pair of query < 0 ? [] : uri.slice(query + 1).split('&')) {
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))?.toLowerCase()
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1))
    if (name === undefined || value === undefined) return 'a mailto: URI with a broken % sequence'
    if (name === 'to' || name === 'cc') {
      const wrong = addresses(pair.slice(equals + 1), name === 'to' ? to : cc)
      if (wrong !== undefined) return wrong
    } else if (name === 'subject') subject = oneLine(value)
    else if (name === 'body') body = value
    // RFC 5436 §2.7: others are ignored.
    else if (ALLOWED.has(name)) fields.push([name, oneLine(value)])
  }
  if (to.length + cc.length === 0) return 'a mailto: URI without a recipient'
  if (to.length + cc.length > MAX_RECIPIENTS) return `more than ${MAX_RECIPIENTS} recipients`
  return { to, cc, fields, ...(subject === undefined ? {} : { subject }), ...(body === undefined ? {} : { body }) }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

const oneLine = (text: string): string => text.replace(/[\r\n\0]+/g, ' ')

export const MAILTO: NotifyMethodDef = {
  scheme: 'mailto',
  fcc: true,
  problem(uri) {
    const parsed = parseMailto(uri)
    return typeof parsed === 'string' ? parsed : undefined
  },
  // RFC 5436 §2.2: nobody knows whether mail will be read at once.
  capability: (_uri, name) => (name === 'online' ? 'maybe' : name === 'fcc' ? 'yes' : undefined),
  /** RFC 5436 §2.7: never for what a program sent: two of them would write to each other for ever. */
  suppressed: (ctx) => autoSubmitted(ctx),
}
