// SPDX-License-Identifier: Apache-2.0
/** Asks lists about one address outside a session, by the engine of the stage: for `postern dnsbl check`. */
import { drive, type Host } from '../ask/ask.ts'
import { NO_TABLES } from '../ask/no-tables.ts'
import { dnsAnswer } from '../dns/host.ts'
import type { Resolver } from '../dns/resolver.ts'
import { type AskedList, askLists, type ListAnswer } from '../policy/dns-lists.ts'

export interface CheckOptions {
  readonly resolver: Resolver
  readonly withinMs: number
  /** Lists that the server does not use now. */
  readonly out: readonly { readonly zone: string; readonly why: string }[]
}

/** Nothing is counted: the question is an operator's, not a client's. */
export async function checkAddress(
  address: string,
  lists: readonly AskedList[],
  { resolver, withinMs, out }: CheckOptions,
): Promise<readonly ListAnswer[]> {
  const host: Host = {
    ...NO_TABLES,
    now: notAsked,
    random: notAsked,
    pressure: notAsked,
    crashes: notAsked,
    'directory.domain': notAsked,
    'directory.address': notAsked,
    'directory.scram': notAsked,
    'directory.password': notAsked,
    'slot.claim': notAsked,
    'client.early': notAsked,
    'queue.commit': notAsked,
    ...dnsAnswer(resolver),
    'dnsLists.out': () => out,
  }
  return await drive(askLists(address, lists, withinMs), host)
}

function notAsked({ ask }: { readonly ask: string }): never {
  throw new Error(`DNS lists do not ask ${ask}`)
}
