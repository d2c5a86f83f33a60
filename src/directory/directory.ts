// SPDX-License-Identifier: Apache-2.0
/**
 * The directory's contract: domains, addresses and accounts of ours. Backends stand beside it and run one suite
 * (directory.suite.ts). Every answer is found, absent or defer; a failing directory never looks empty.
 */
import type { Domain, MailAddress } from '../address/address.ts'
import type { RecipientFilters } from '../ask/filters.ts'
import type { Lookup } from '../ask/lookup.ts'
import type { Account, AddressEntry, Answers, DomainEntry } from '../ask/questions.ts'

type MaybePromise<T> = T | Promise<T>

export interface AddressOptions {
  /** The user alone, past any alias of the same name. */
  readonly mailbox?: boolean
}

export interface Directory {
  domain(domain: Domain): MaybePromise<Lookup<DomainEntry>>
  /**
   * An address of a domain that `domain` finds, with the local part exactly as it is; subaddresses are policy's matter.
   * Case never matters.
   */
  address(address: MailAddress, options?: AddressOptions): MaybePromise<Lookup<AddressEntry>>
  /** The first value of an attribute of a domain, or of a name in spec mapping-tables.md 4.11; absent: no such domain or attribute. */
  attribute(domain: Domain, attribute: string): MaybePromise<Lookup<string>>
  /** `login`: any address of the user. Whoever is not active has no password that fits. */
  password(login: string, password: string): MaybePromise<Lookup<Account>>
  /** Always found where SCRAM is kept at all: for names nobody has, keys are made up (password.ts). */
  scram(login: string): MaybePromise<Answers['directory.scram']>
  /** What is kept of filters for a user that `address` names, and for the domain of the address that mail came for. */
  filters(user: string, domain: Domain): MaybePromise<Lookup<RecipientFilters>>
}
