// SPDX-License-Identifier: Apache-2.0
/**
 * The test entries that every list has, RFC 5782 §5: 127.0.0.2 is listed and 127.0.0.1 is not; of a list of IPv6
 * addresses alone, ::FFFF:7F00:2 and ::FFFF:7F00:1. A list that has ended, changed hands or will not answer us shows it
 * here.
 */
import type { DnsLookup } from '../ask/lookup.ts'
import { readCode } from '../config/dns-list-codes.ts'
import type { Resolver } from '../dns/resolver.ts'

export type CanaryResult =
  | { readonly kind: 'right' }
  | { readonly kind: 'wrong'; readonly why: string }
  /** Nothing was learnt. */
  | { readonly kind: 'silent'; readonly why: string }

const names = (zone: string, families: readonly ('ipv4' | 'ipv6')[]) => {
  if (families.includes('ipv4')) return { listed: `2.0.0.127.${zone}`, clean: `1.0.0.127.${zone}` }
  const rest = `0.0.0.0.0.f.7.f.f.f.f${'.0'.repeat(20)}`
  return { listed: `2.${rest}.${zone}`, clean: `1.${rest}.${zone}` }
}

/** @param resolver one without a cache: what was right yesterday proves nothing */
export async function askCanaries(
  resolver: Pick<Resolver, 'lookup'>,
  { zone, families }: { readonly zone: string; readonly families: readonly ('ipv4' | 'ipv6')[] },
  signal?: AbortSignal,
): Promise<CanaryResult> {
  const { listed, clean } = names(zone, families)
  const ask = (name: string) => resolver.lookup(name, 'A', signal === undefined ? {} : { signal })
  const [there, absent] = await Promise.all([ask(listed), ask(clean)])
  for (const answer of [there, absent]) {
    const refusal = answer.kind === 'found' ? answer.records.find((code) => readCode(code, []) === 'error') : undefined
    if (refusal !== undefined) return { kind: 'wrong', why: `it answers ${refusal}: it will not be asked by us` }
  }
  // Whatever the other says, a list that names 127.0.0.1 names everybody.
  if (absent.kind === 'found') return { kind: 'wrong', why: `it lists 127.0.0.1 (${absent.records[0]})` }
  if (there.kind === 'absent') return { kind: 'wrong', why: 'it does not list 127.0.0.2' }
  if (there.kind === 'found' && !there.records.some((code) => code.startsWith('127.')))
    return { kind: 'wrong', why: `its answer for 127.0.0.2 is ${there.records[0]}` }
  const silent = [there, absent].find(
    (answer): answer is Extract<DnsLookup<'A'>, { kind: 'defer' }> => answer.kind === 'defer',
  )
  return silent === undefined ? { kind: 'right' } : { kind: 'silent', why: silent.cause }
}
