// SPDX-License-Identifier: Apache-2.0
/** A channel that demands AUTH takes no MAIL FROM without it (mustsaslserver). */
import { reply } from '../../smtp/reply.ts'
import { channelConfig } from '../channels.ts'
import type { MailContext, Stage } from '../stage.ts'

export const signInRequired: Stage<MailContext> = {
  name: 'sign-in required',
  decides: 'must the client sign in first',
  reference: 'spec access-control.md 6.2, mustsaslserver; RFC 4954 §6',
  judge({ revision, source, account }) {
    const channel = channelConfig(revision, source)
    const by = revision.where('channels', source, 'sasl')
    const must = 'sasl' in channel && channel.sasl === 'must'
    if (!must || account !== undefined) return { verdict: { do: 'pass' }, by }
    return { verdict: { do: 'refuse', reply: reply(530, '7.0', 'No AUTH command has been given.') }, by }
  },
}
