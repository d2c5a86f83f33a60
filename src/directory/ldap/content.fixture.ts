// SPDX-License-Identifier: Apache-2.0
/** For tests: what a directory is to hold, as LDIF (RFC 2849) for a slapd, and settings that lead to it. */
import { readFile } from 'node:fs/promises'
import type { MailAddress } from '../../address/address.ts'
import { addressKey, asciiAddress } from '../../address/path.ts'
import { ldap } from '../../config/schema-ldap.ts'
import type { Content } from '../directory.suite.ts'
import type { LdapSettings } from './settings.ts'
import { generalizedTime } from './text.ts'

export const ROOT = `dn: o=example
objectClass: organization
o: example

dn: cn=postern,o=example
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: postern
userPassword: door password
`

/** Values in base64, so that each is what it is. */
export const ldif = (dn: string, values: readonly (readonly [string, string | undefined])[]): string =>
  [['dn', dn] as const, ...values]
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}:: ${Buffer.from(value).toString('base64')}`]))
    .join('\n')

const STATUS = { active: 'active', suspended: 'inactive', disabled: 'disabled' } as const

export function contentLdif({ domains, users, aliases, domainRules }: Content): string {
  const dnOf = (address: MailAddress): string => `uid=${addressKey(address).replace('@', '.at.')},o=example`
  const entries = [
    ...domains.map((domain) =>
      ldif(`o=${domain},o=example`, [
        ['objectClass', 'organization'],
        ['objectClass', 'mailDomain'],
        ['sunPreferredDomain', domain],
        ['inetDomainBaseDN', 'o=example'],
        ...(domainRules?.[domain] ?? []).map((rule) => ['mailDomainSieveRuleSource', rule] as const),
      ]),
    ),
    ...users.map((user) => {
      const {
        address,
        password,
        also = [],
        status = 'active',
        displayName,
        rules = [],
        autoreply,
        household,
        quota,
      } = user
      const time = (ms: number | undefined) => (ms === undefined ? undefined : generalizedTime(ms))
      return ldif(dnOf(address), [
        ['objectClass', 'inetOrgPerson'],
        ['objectClass', 'inetMailUser'],
        ['sn', 'Somebody'],
        ['cn', displayName ?? address],
        ['userPassword', password],
        // `mail` takes ASCII alone (RFC 4524 §2.16); other addresses take everything.
        asciiAddress(address) === address ? ['mail', address] : ['mailAlternateAddress', address],
        ...also.map((other) => ['mailAlternateAddress', other] as const),
        ['mailUserStatus', STATUS[status]],
        ['mailQuota', quota?.octets?.toString()],
        ['mailMsgQuota', quota?.messages?.toString()],
        ...rules.map((rule) => ['mailSieveRuleSource', rule] as const),
        ['mailAutoReplyMode', autoreply?.mode],
        ['mailAutoReplySubject', autoreply?.subject],
        ['mailAutoReplyText', autoreply?.text],
        ['mailAutoReplyTextInternal', autoreply?.textInternal],
        ['mailAutoReplyTimeOut', autoreply?.timeoutHours?.toString()],
        ['vacationStartDate', time(autoreply?.start)],
        ['vacationEndDate', time(autoreply?.end)],
        ['posternParentalControls', household === undefined ? undefined : 'Yes'],
        ['posternFilterReference', household === undefined ? undefined : dnOf(household)],
      ])
    }),
    ...aliases.map(({ address, members, owner }) =>
      ldif(`cn=${address},o=example`, [
        ['objectClass', 'applicationProcess'],
        ['objectClass', 'inetMailGroup'],
        ['mail', address],
        ...members.flatMap((member) =>
          'address' in member ? [['mgrpRFC822MailMember', member.address] as const] : [],
        ),
        ['mgrpErrorsTo', owner],
      ]),
    ),
  ]
  return `${ROOT}\n${entries.join('\n\n')}\n`
}

/** As much of a server of test/peers as is needed. */
export interface Served {
  readonly url: string
  readonly bindDn: string
  readonly password: string
  readonly ca: string
}

/** Signed in with StartTLS, unless `over` says otherwise. */
export async function settingsFor(slapd: Served, over: Readonly<Record<string, unknown>> = {}): Promise<LdapSettings> {
  const config = ldap.parse({
    urls: [slapd.url],
    bindDn: slapd.bindDn,
    passwordFile: 'password',
    base: 'o=example',
    attributes: { parentalControls: 'posternParentalControls', filterReference: 'posternFilterReference' },
    connectTimeout: '20s',
    timeout: '20s',
    ...over,
  })
  return { config, password: slapd.password, ca: await readFile(slapd.ca, 'utf8'), hostname: 'mx.example.org' }
}
