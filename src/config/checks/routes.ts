// SPDX-License-Identifier: Apache-2.0
/** The first route that fits counts, so one behind a route that takes all its domains never does. */
import { asciiDomain } from '../../address/domain.ts'
import type { Check } from './check.ts'

export const checkRoutes: Check = (c) => {
  const before: { domain: string; i: number }[] = []
  for (const [i] of c.list('routes').entries()) {
    const domain = c.text('routes', i, 'domain')
    if (domain === undefined) continue
    const taker = before.find((route) => takes(inAscii(route.domain), inAscii(domain)))
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

/** U-labels and A-labels are two ways to write one name (RFC 5890 §2.3.2.1). */
function inAscii(pattern: string): string {
  const below = pattern.startsWith('.')
  const domain = below ? pattern.slice(1) : pattern
  return `${below ? '.' : ''}${asciiDomain(domain) ?? domain}`
}

/** Does every domain that fits `inner` fit `outer`? `.example.org` is what lies below example.org, without itself. */
function takes(outer: string, inner: string): boolean {
  if (outer === '*' || outer === inner) return true
  return outer.startsWith('.') && inner !== '*' && inner.endsWith(outer)
}
