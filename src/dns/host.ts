// SPDX-License-Identifier: Apache-2.0
/** Answers the `dns` question of ask/questions.ts. DNS lists count as fit to use; a server that watches them knows better. */
import type { Host } from '../ask/ask.ts'
import type { Resolver } from './resolver.ts'

export const dnsAnswer = (resolver: Resolver): Pick<Host, 'dns' | 'dnsLists.out' | 'dnsLists.told'> => ({
  dns: ({ name, type, withinMs }, signal) => {
    if (withinMs === undefined) return resolver.lookup(name, type, signal === undefined ? {} : { signal })
    const limits = [AbortSignal.timeout(withinMs), ...(signal === undefined ? [] : [signal])]
    return resolver.lookup(name, type, { signal: AbortSignal.any(limits) })
  },
  'dnsLists.out': () => [],
  'dnsLists.told': () => undefined,
})
