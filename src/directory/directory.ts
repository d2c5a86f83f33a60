// SPDX-License-Identifier: Apache-2.0
/**
 * The directory's contract: domains, addresses and accounts of ours. Backends stand beside it and run one suite
 * (directory.suite.ts). Every answer is found, absent or defer; a failing directory never looks empty.
 */
import type { Domain, MailAddress } from '../address/address.ts'
import type { Lookup } from '../ask/lookup.ts'
import type { Account, AddressEntry, Answers, DomainEntry } from '../ask/questions.ts'

type MaybePromise<T> = T | Promise<T>

export interface Directory {
  domain(domain: Domain): MaybePromise<Lookup<DomainEntry>>
  /** With the local part exactly as it is; subaddresses are policy's matter. Case of local parts never matters. */
  address(address: MailAddress): MaybePromise<Lookup<AddressEntry>>
  password(login: string, password: string): MaybePromise<Lookup<Account>>
  scram(login: string): MaybePromise<Answers['directory.scram']>
}
