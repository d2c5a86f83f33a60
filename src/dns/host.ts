// SPDX-License-Identifier: Apache-2.0
/** Answers the `dns` question of ask/questions.ts. */
import type { Host } from '../ask/ask.ts'
import type { Resolver } from './resolver.ts'

export const dnsAnswer = (resolver: Resolver): Pick<Host, 'dns'> => ({
  dns: ({ name, type }, signal) => resolver.lookup(name, type, signal === undefined ? {} : { signal }),
})
