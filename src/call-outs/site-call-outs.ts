// SPDX-License-Identifier: Apache-2.0
/** The routines that come with the server, as `$[image,routine,argument]` of a mapping table reaches them. */
import type { CallOuts } from '../ask/call-outs.ts'
import type { Config } from '../config/schema.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Log } from '../monitor/log.ts'
import type { Counters } from '../state/counters.ts'
import { checkMetermaid } from './check-metermaid.ts'
import { connThrottle } from './conn-throttle.ts'
import { dnsVerify } from './dns-verify.ts'
import { tellFaults } from './faults.ts'

export interface CallOutDeps {
  readonly resolver: Pick<Resolver, 'lookup'>
  readonly counters: Counters
  /** The current one: its `state.tables`. */
  readonly config: () => Config
  readonly log: Log
}

/** Spec access-control.md 7. */
export function siteCallOuts({ resolver, counters, config, log }: CallOutDeps): CallOuts {
  const faults = tellFaults(log)
  return new Map([
    ['dns_verify', dnsVerify(resolver)],
    ['conn_throttle', connThrottle(counters, faults)],
    ['check_metermaid', checkMetermaid(counters, () => config().state.tables, faults)],
  ])
}
