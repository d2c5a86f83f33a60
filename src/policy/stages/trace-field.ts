// SPDX-License-Identifier: Apache-2.0
/**
 * Every message gets a Received: field on top (RFC 5321 §4.4); it is never left out and never changed later. Content
 * that begins with a blank has no header (RFC 5322 §2.1), but would continue what is put above it: an empty line keeps
 * the two apart, and every reader sees what we saw.
 */
import type { HeaderEdit } from '../../envelope/envelope.ts'
import { receivedField } from '../../smtp/received.ts'
import { channelConfig } from '../channels.ts'
import { protocolOf } from '../envelope-of.ts'
import { changed, Usual } from '../saying.ts'
import type { ContentContext, Stage } from '../stage.ts'

const BY = { by: 'protocol', rule: 'RFC 5321 §4.4' } as const
const ADDED = new Usual(BY)
const ALL_BODY = new Usual(BY, 'the content begins with a blank, so it is all body')
const EMPTY_LINE = { edit: 'prepend', field: '\r\n' } as const

/** Spec access-control.md 9, identnonesymbolic. */
function hidden({ revision, source, clientName }: ContentContext): boolean {
  const channel = channelConfig(revision, source)
  return clientName !== undefined && 'clientName' in channel && channel.clientName === 'symbolic'
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
      clientName,
      addressHidden: hidden(context),
      hostname: revision.config.server.hostname,
      protocol: protocolOf(context),
      id,
      atMs: receivedAt,
      offsetMinutes: 0,
      tls,
      // Naming one of several recipients would tell the others (RFC 5321 §7.2).
      for: second === undefined ? only?.given : undefined,
    })
    const { continues } = content
    const added: readonly HeaderEdit[] = continues
      ? [EMPTY_LINE, ...edits, { edit: 'prepend', field }]
      : [...edits, { edit: 'prepend', field }]
    return changed(continues ? ALL_BODY : ADDED, { ...context, edits: added })
  },
}
