// SPDX-License-Identifier: Apache-2.0
/**
 * Every message gets a Received: field on top (RFC 5321 §4.4); it is never left out and never changed later. Content
 * that begins with a blank has no header (RFC 5322 §2.1), but would continue what is put above it: an empty line keeps
 * the two apart, and every reader sees what we saw.
 */
import { receivedField } from '../../smtp/received.ts'
import { channelConfig } from '../channels.ts'
import { protocolOf } from '../envelope-of.ts'
import type { ContentContext, Stage } from '../stage.ts'

const EMPTY_LINE = { edit: 'prepend', field: '\r\n' } as const

/** Spec access-control.md 9, identnonesymbolic. */
function hidden({ revision, source }: ContentContext): { readonly addressHidden?: true } {
  const channel = channelConfig(revision, source)
  return 'clientName' in channel && channel.clientName === 'symbolic' ? { addressHidden: true } : {}
}

export const traceField: Stage<ContentContext> = {
  name: 'Received: field',
  decides: 'how the message came, for everyone after us',
  reference: 'RFC 5321 §4.4',
  judge(context) {
    const { revision, helo, client, clientName, tls, id, receivedAt, recipients, edits, content } = context
    const [only, second] = recipients
    const field = receivedField({
      helo: helo ?? '',
      clientAddress: client.address,
      ...(clientName === undefined ? {} : { clientName, ...hidden(context) }),
      hostname: revision.config.server.hostname,
      protocol: protocolOf(context),
      id,
      atMs: receivedAt,
      offsetMinutes: 0,
      ...(tls === undefined ? {} : { tls }),
      // Naming one of several recipients would tell the others (RFC 5321 §7.2).
      ...(only !== undefined && second === undefined ? { for: only.given } : {}),
    })
    const by = { by: 'protocol', rule: 'RFC 5321 §4.4' } as const
    const apart = content.continues ? [EMPTY_LINE] : []
    return {
      verdict: { do: 'pass' },
      by,
      context: { ...context, edits: [...apart, ...edits, { edit: 'prepend', field }] },
      ...(content.continues ? { note: 'the content begins with a blank, so it is all body' } : {}),
    }
  },
}
