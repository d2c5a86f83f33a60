// SPDX-License-Identifier: Apache-2.0
/** The automatic reply of an LDAP user, written whole: what is not said is taken away (spec filters.md 10). */
import type { Autoreply } from '../../ask/filters.ts'
import type { Replaced } from '../rule-store.ts'
import { allOf, type LdapEntry } from './entry.ts'
import type { People } from './people.ts'
import { replacedOf } from './rules.ts'
import type { LdapServers } from './servers.ts'
import type { AttributeNames } from './settings.ts'
import { generalizedTime } from './text.ts'

/** `undefined`: no reply. Never `conflict`: the last one who writes is right. */
export type SetAutoreply = (user: string, autoreply: Autoreply | undefined) => Promise<Replaced>

export function ldapAutoreplies({
  servers,
  people,
  names,
}: {
  readonly servers: LdapServers
  readonly people: People
  readonly names: AttributeNames
}): SetAutoreply {
  return async (user, autoreply) => {
    const found = await people.now(user)
    if (found.kind === 'defer') return found
    if (found.kind === 'absent' || found.value.kind !== 'user') return { kind: 'refused', why: 'there is no such user' }
    const { entry } = found.value
    const { Attribute, Change } = await import('ldapts')
    const changes = valuesOf(entry, autoreply, names).map(([type, values]) => {
      return new Change({ operation: 'replace', modification: new Attribute({ type, values: [...values] }) })
    })
    const ran = await servers.change((client) => client.modify(entry.dn, changes))
    people.forget(found.value)
    return replacedOf(ran, 'automatic replies')
  }
}

function valuesOf(
  entry: LdapEntry,
  autoreply: Autoreply | undefined,
  names: AttributeNames,
): readonly (readonly [attribute: string, values: readonly string[]])[] {
  const { mode, subject, text, textInternal, timeoutHours, start, end } = autoreply ?? {}
  const one = (value: string | undefined): readonly string[] => (value === undefined || value === '' ? [] : [value])
  const time = (ms: number | undefined): readonly string[] => (ms === undefined ? [] : [generalizedTime(ms)])
  const options = allOf(entry, names.deliveryOption)
  // Where they are there they have to name it (filters.ts); without a mode it means nothing, and stays.
  const unnamed = options.length > 0 && !options.some((option) => option.trim().toLowerCase() === 'autoreply')
  return [
    [names.autoreplyMode, one(mode)],
    [names.autoreplySubject, one(subject)],
    [names.autoreplyText, one(text)],
    [names.autoreplyTextInternal, one(textInternal)],
    [names.autoreplyTimeout, one(timeoutHours?.toString())],
    [names.vacationStart, time(start)],
    [names.vacationEnd, time(end)],
    ...(mode !== undefined && unnamed ? [[names.deliveryOption, [...options, 'autoreply']] as const] : []),
  ]
}
