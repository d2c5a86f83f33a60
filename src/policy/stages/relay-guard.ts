// SPDX-License-Identifier: Apache-2.0
/**
 * The guard below the tables (design 2.10): a client that neither signed in nor belongs to our own networks never
 * reaches an outside recipient, even when a site's tables forget the row. Only a row with `$Y` can let it, and only where
 * the destination channel says `relay: by-table`. An alias of ours that leads outside is the site's own forwarding and not stopped:
 * the guard looks at the address as given, before aliases. Addresses that hide a second hop in the local part
 * (`a%b@ours`, `b!a@ours`) are local addresses like any other here; nothing in Postern unfolds them.
 */
import { reply } from '../../smtp/reply.ts'
import { channelConfig } from '../channels.ts'
import { Usual, usual } from '../saying.ts'
import type { RcptContext, Stage } from '../stage.ts'
import { INSIDE_CHANNEL } from './network-switch.ts'

const OURS = new Usual({ by: 'built-in', rule: 'relay guard' }, 'the address is ours')

export const relayGuard: Stage<RcptContext> = {
  name: 'relay guard',
  decides: 'strangers never send to the outside through us',
  reference: 'design 2.10',
  judge({ revision, source, account, route, given, insideBy, allowedBy }) {
    if (route === undefined || route.local) return OURS
    if (account !== undefined) {
      const by = revision.where('channels', source, 'sasl')
      return usual(by, `${account.login} signed in`)
    }
    if (source === INSIDE_CHANNEL) {
      const by = insideBy ?? revision.where('networks', 'own')
      return usual(by, 'the client is inside')
    }
    // `relay: by-table` opens nothing by itself, and no table does: it takes both.
    if (allowedBy !== undefined && channelConfig(revision, route.channel).relay === 'by-table')
      return { verdict: { do: 'pass' }, by: allowedBy, note: `${route.channel} relays by table` }
    const by = revision.where('channels', route.channel, 'relay')
    const refusal = reply(550, '7.1', `Relaying not allowed: ${given}`) // spec access-control.md 3.3
    return { verdict: { do: 'refuse', reply: refusal }, by, note: `${source} → ${route.channel}, not signed in` }
  },
}
