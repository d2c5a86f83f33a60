// SPDX-License-Identifier: Apache-2.0
/** What LDAP keeps of filters for a user: rules, automatic reply, head of household, rules of the domain. Spec filters.md 1, 10. */
import { parseAddress } from '../../address/path.ts'
import type { Autoreply, RecipientFilters } from '../../ask/filters.ts'
import type { Lookup } from '../../ask/lookup.ts'
import { AUTOREPLY_MODES } from '../autoreply.ts'
import type { LdapDomain } from './domains.ts'
import { allOf, firstOf, type LdapEntry } from './entry.ts'
import type { Person } from './people.ts'
import type { LdapReader } from './read.ts'
import type { Remembered } from './remembered.ts'
import type { AttributeNames, LdapConfig } from './settings.ts'
import { parseGeneralizedTime } from './text.ts'

export async function filtersOf(
  { entry, addresses }: Person,
  domain: LdapDomain | undefined,
  { config, reader, kept }: { readonly config: LdapConfig; readonly reader: LdapReader; readonly kept: Remembered },
): Promise<Lookup<RecipientFilters>> {
  const names = config.attributes
  const head = headOf(entry, names)
  const found =
    head === undefined
      ? ({ kind: 'absent' } as const)
      : await kept.get(
          `head:${head}`,
          () => reader.entry(head, [names.householdFilter, names.householdOwner]),
          ({ size }) => size,
        )
  if (found.kind === 'defer') return found
  const owner =
    found.kind === 'found' ? parseAddress(firstOf(found.value, names.householdOwner)?.trim() ?? '') : undefined
  const rules = found.kind === 'found' ? allOf(found.value, names.householdFilter) : []
  const displayName = firstOf(entry, names.displayName)
  const autoreply = autoreplyOf(entry, domain, names)
  return {
    kind: 'found',
    value: {
      addresses,
      ...(displayName === undefined ? {} : { displayName }),
      personal: allOf(entry, names.filter),
      ...(autoreply === undefined ? {} : { autoreply }),
      // Both or nothing (spec filters.md 1).
      ...(owner === undefined || rules.length === 0 ? {} : { household: { rules, owner } }),
      domain: domain?.entry === undefined ? [] : allOf(domain.entry, names.domainFilter),
    },
  }
}

function headOf(entry: LdapEntry, { parentalControls, filterReference }: AttributeNames): string | undefined {
  if (parentalControls === undefined || filterReference === undefined) return undefined
  return firstOf(entry, parentalControls)?.trim().toLowerCase() === 'yes' ? firstOf(entry, filterReference) : undefined
}

/** `undefined` without a mode that is known, and where the delivery options are there and do not name it. */
export function autoreplyOf(
  entry: LdapEntry,
  domain: LdapDomain | undefined,
  names: AttributeNames,
): Autoreply | undefined {
  const given = firstOf(entry, names.autoreplyMode)?.trim().toLowerCase()
  const mode = AUTOREPLY_MODES.find((each) => each === given)
  const options = allOf(entry, names.deliveryOption).map((option) => option.trim().toLowerCase())
  if (mode === undefined || (options.length > 0 && !options.includes('autoreply'))) return undefined
  const text = (name: string): string | undefined => firstOf(entry, name)
  const subject = text(names.autoreplySubject)
  const body = text(names.autoreplyText)
  const textInternal = text(names.autoreplyTextInternal)
  const timeoutHours =
    hours(text(names.autoreplyTimeout)) ??
    (domain?.entry === undefined ? undefined : hours(firstOf(domain.entry, names.domainAutoreplyTimeout)))
  const start = timeOf(text(names.vacationStart), NEVER)
  const end = timeOf(text(names.vacationEnd), 0)
  return {
    mode,
    ...(subject === undefined ? {} : { subject }),
    ...(body === undefined ? {} : { text: body }),
    ...(textInternal === undefined ? {} : { textInternal }),
    ...(timeoutHours === undefined ? {} : { timeoutHours }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  }
}

/** The last moment that a date can name (ECMA-262 §21.4.1.1). */
const NEVER = 8.64e15

/** A time that cannot be read makes no reply begin, and lets none go on. */
const timeOf = (text: string | undefined, unreadable: number): number | undefined =>
  text === undefined ? undefined : (parseGeneralizedTime(text) ?? unreadable)

function hours(text: string | undefined): number | undefined {
  const m = /^\s*(\d{1,6})\s*$/.exec(text ?? '')
  return m === null ? undefined : Number(m[1])
}
