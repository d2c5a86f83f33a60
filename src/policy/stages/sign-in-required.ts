// SPDX-License-Identifier: Apache-2.0
/** A channel that demands AUTH takes no MAIL FROM without it (mustsaslserver). */
import { reply } from '../../smtp/reply.ts'
import { channelConfig, ofChannel } from '../channels.ts'
import { Usual } from '../saying.ts'
import type { MailContext, Stage } from '../stage.ts'

const rule = ofChannel((revision, source) => {
  const channel = channelConfig(revision, source)
  const by = revision.where('channels', source, 'sasl')
  return { must: 'sasl' in channel && channel.sasl === 'must', by, passes: new Usual(by) }
})

export const signInRequired: Stage<MailContext> = {
  name: 'sign-in required',
  decides: 'must the client sign in first',
  reference: 'spec access-control.md 6.2, mustsaslserver; RFC 4954 §6',
  judge({ revision, source, account }) {
    const { must, passes, by } = rule(revision, source)
    if (!must || account !== undefined) return passes
    return { verdict: { do: 'refuse', reply: reply(530, '7.0', 'No AUTH command has been given.') }, by }
  },
}
