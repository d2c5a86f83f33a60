// SPDX-License-Identifier: Apache-2.0
/**
 * Rows of access tables that look like mistakes people make again and again: a field that is not the client's address
 * where one is meant (spec access-control.md 2.1), `SMTP` alone where a HELO name stands behind it (2.2), a network
 * written as text.
 */
import type { MappingRow } from '../../mapping/index.ts'
import type { TemplateNode } from '../../mapping/template.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { warn } from './row-warning.ts'

/** Tables whose probes begin with `TCP|server|port|client|port`. */
const WITH_CONNECTION = new Set(['PORT_ACCESS', 'FROM_ACCESS', 'ORIG_MAIL_ACCESS', 'MAIL_ACCESS'])
const SERVER_ADDRESS = 1
const CLIENT_ADDRESS = 3
const APPLICATION = 5

export function lookAlikes(row: MappingRow): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  if (WITH_CONNECTION.has(row.table.toUpperCase())) {
    const parts = partsOf(row)
    found.push(...wrongAddress(row, parts), ...bareSmtp(row, parts))
  }
  return [...found, ...networkAsText(row)]
}

interface Part {
  /** As written. */
  readonly text: string
  /** The field, where the part is one wildcard or matcher and nothing else. */
  readonly field?: number
}

/** The pattern, cut at its bars. A `*` may take bars; those who write one a part do not mean that. */
function partsOf({ pattern, patternText }: MappingRow): readonly Part[] {
  const parts: { text: string; fields: number[]; pieces: number }[] = [{ text: '', fields: [], pieces: 0 }]
  let field = 0
  for (const element of pattern.elements) {
    const written = patternText.slice(element.from, element.to)
    const pieces = element.kind === 'literal' ? written.split('|') : [written]
    for (const [i, piece] of pieces.entries()) {
      if (i > 0) parts.push({ text: '', fields: [], pieces: 0 })
      const part = parts.at(-1)
      if (part === undefined || piece === '') continue
      part.text += piece
      part.pieces++
      if (element.kind !== 'literal' && element.saved) part.fields.push(field)
    }
    if (element.kind !== 'literal' && element.saved) field++
  }
  return parts.map(({ text, fields, pieces }) => {
    const [only] = fields
    return only === undefined || pieces !== 1 ? { text } : { text, field: only }
  })
}

/** `$[conn_throttle,throttle,$1,10]` in `*|*|*|*|*`: counts the server's own address. */
function wrongAddress(row: MappingRow, parts: readonly Part[]): readonly Diagnostic[] {
  const client = parts[CLIENT_ADDRESS]?.field
  const server = parts[SERVER_ADDRESS]?.field
  if (client === undefined) return []
  return addressLookups(row.template.nodes).flatMap(({ field, what }) => {
    if (field === client) return []
    const other =
      field === server
        ? 'the address of this server'
        : parts.some((part) => part.field === field)
          ? 'something else'
          : 'no field'
    return [
      warn(row, 'mapping-look-alike', `$${field} is ${other}: the client's address is $${client} in this row`, {
        reason: `${what} is asked about the wrong thing.`,
        fix: `write $${client}; wildcards count from 0, written parts do not`,
      }),
    ]
  })
}

/** Look-ups that are about an address, with the field each takes for it. */
function addressLookups(nodes: readonly TemplateNode[]): readonly { readonly field: number; readonly what: string }[] {
  return nodes.flatMap((node) => {
    if (node.kind !== 'call' && node.kind !== 'table') return []
    const [first, second] = node.argument
    if (first?.kind !== 'text' || second?.kind !== 'field') return []
    const m = ABOUT_ADDRESSES.exec(first.text)
    return m === null ? [] : [{ field: second.field, what: m[1] ?? '' }]
  })
}

/** Up to the argument: `INTERNAL_IP;`, `…/conn_throttle.so,throttle,`, `…/dns_verify,dns_verify_domain,`. */
const ABOUT_ADDRESSES =
  /(?:^|[/:])(INTERNAL_IP);$|(?:^|[/:])((?:conn_throttle|dns_verify)(?:\.so)?),\s*(?:throttle|throttle_p|dns_verify_domain|dns_verify_domain_port|dns_verify_domain_warn|dns_verify_ptr),\s*$/i

function bareSmtp(row: MappingRow, parts: readonly Part[]): readonly Diagnostic[] {
  if (row.table.toUpperCase() === 'PORT_ACCESS') return []
  // `*|SMTP|…` means the same with one wildcard for the connection.
  const application = parts[APPLICATION]?.text ?? (parts[0]?.field === undefined ? undefined : parts[1]?.text)
  const other = parts[0]?.field !== undefined ? parts[1]?.text : undefined
  if (application !== 'SMTP' && other !== 'SMTP') return []
  return [
    warn(row, 'mapping-look-alike', 'SMTP alone matches only clients that did not say HELO', {
      reason: 'With HELO the probe has SMTP/name in this place.',
      fix: 'write SMTP*',
    }),
  ]
}

function networkAsText(row: MappingRow): readonly Diagnostic[] {
  return row.pattern.elements.flatMap((element) => {
    const m =
      element.kind === 'literal' ? /(?:^|\|)((?:\d{1,3}\.){3}\d{1,3}\/\d{1,2})(?:\||$)/.exec(element.text) : null
    const written = m?.[1]
    if (written === undefined) return []
    return [
      warn(row, 'mapping-look-alike', `${written} is written as text, and no address is written so`, {
        reason: 'It is compared character by character.',
        fix: `write $(${written})`,
      }),
    ]
  })
}
