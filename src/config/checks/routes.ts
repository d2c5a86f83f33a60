// SPDX-License-Identifier: Apache-2.0
/** The first route that fits counts, so one behind a route that takes all its domains never does. */
import type { Check } from './check.ts'

export const checkRoutes: Check = (c) => {
  const before: { domain: string; i: number }[] = []
  for (const [i] of c.list('routes').entries()) {
    const domain = c.text('routes', i, 'domain')
    if (domain === undefined) continue
    const taker = before.find((route) => takes(route.domain, domain))
    if (taker !== undefined)
      c.report({
        code: 'route-unreachable',
        severity: 'warning',
        path: ['routes', i, 'domain'],
        message: `this route for \`${domain}\` is never used: route ${taker.i + 1} for \`${taker.domain}\` stands before it`,
        reason: 'the first route that fits counts',
        fix: 'move it up, or remove it',
      })
    before.push({ domain, i })
  }
}

/** Does every domain that fits `inner` fit `outer`? `.example.org` is what lies below example.org, without itself. */
function takes(outer: string, inner: string): boolean {
  if (outer === '*' || outer === inner) return true
  return outer.startsWith('.') && inner !== '*' && inner.endsWith(outer)
}
