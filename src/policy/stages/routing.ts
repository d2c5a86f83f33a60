// SPDX-License-Identifier: Apache-2.0
/** Where does the recipient's domain go (route.ts), before aliases are looked at? */
import { reply } from '../../smtp/reply.ts'
import { routeOf } from '../route.ts'
import { changed, usual } from '../saying.ts'
import type { RcptContext, Stage } from '../stage.ts'

export const routing: Stage<RcptContext> = {
  name: 'routing',
  decides: 'which channel the address goes to',
  reference: 'design 3',
  *run(context) {
    const routing = yield* routeOf(context.revision, context.address)
    if (routing.kind === 'defer') {
      const refuse = { do: 'refuse', reply: reply(451, '4.3', 'Directory is unavailable, try again later') } as const
      return { verdict: refuse, by: routing.by, note: routing.cause }
    }
    const { route, by } = routing
    const where = route.via === undefined ? route.channel : `${route.channel} by ${route.via}`
    return changed(usual(by, `${route.domain} → ${where}`), { ...context, route })
  },
}
