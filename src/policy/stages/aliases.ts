// SPDX-License-Identifier: Apache-2.0
/** What a recipient stands for (aliases.ts): users, groups, programs; outside addresses stay what they are. */
import { expansionCause, noticeDue } from '../../dsn/parameters.ts'
import { expandAliases } from '../aliases.ts'
import { Seen } from '../expansion.ts'
import { sentOnBy } from '../forwarding.ts'
import { LOCAL_CHANNEL } from '../route.ts'
import { changed, Usual } from '../saying.ts'
import type { RcptContext, Stage } from '../stage.ts'

const NOT_OURS = new Usual({ by: 'protocol', rule: 'RFC 5321 §3.9' }, 'not an address of ours')

const requestsOf = ({ notify, orcpt }: RcptContext): Pick<RcptContext, 'notify' | 'orcpt'> => ({
  ...(notify === undefined ? {} : { notify }),
  ...(orcpt === undefined ? {} : { orcpt }),
})

export const aliases: Stage<RcptContext> = {
  name: 'aliases',
  decides: 'whom the address stands for',
  reference: 'RFC 5321 §3.9; spec access-control.md 12',
  judge(context) {
    const { route, address, given } = context
    if (route === undefined) throw new Error('aliases run after routing')
    if (route.local) return undefined
    const via = route.via === undefined ? {} : { via: route.via }
    const becomes = [{ address, given, channel: route.channel, ...via, ...requestsOf(context) }]
    return changed(NOT_OURS, { ...context, becomes })
  },
  *run(context) {
    const { route, address, given, revision, reversePath, accepted } = context
    if (route === undefined) throw new Error('aliases run after routing')
    const requests = requestsOf(context)
    const expansion = yield* expandAliases({ address, given, route, revision, accepted, reversePath, ...requests })
    const note = expansion.note === undefined ? {} : { note: expansion.note }
    const lists = expansion.lists === undefined ? {} : { lists: expansion.lists }
    if (expansion.problem !== undefined)
      return { verdict: { do: 'refuse', reply: expansion.problem }, by: expansion.by, ...note }
    // Who is to hear that the address was expanded: the queue does that, in channel l, and tells it.
    const cause = expansionCause(expansion.becomes)
    if (cause !== undefined && noticeDue(requests, reversePath, cause)) {
      const whole = { address, given, channel: LOCAL_CHANNEL, ...requests }
      const becomes = new Seen(accepted).add(whole) ? [whole] : []
      const by = { by: 'protocol', rule: 'RFC 3461 §5.2.7' } as const
      // Tables are asked about those it will become all the same.
      const members = expansion.becomes
      const note = 'expanded when it is delivered'
      return { verdict: { do: 'pass' }, by, context: { ...context, ...lists, becomes, members }, note }
    }
    return {
      verdict: { do: 'pass' },
      by: expansion.by,
      context: { ...context, ...lists, becomes: yield* sentOnBy(revision, reversePath, expansion.becomes) },
      ...note,
    }
  },
}
