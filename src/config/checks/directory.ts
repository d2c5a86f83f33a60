// SPDX-License-Identifier: Apache-2.0
/** LDAP as the directory: what cannot work with it, and passwords that would cross a network in the clear. */
import type { Check } from './check.ts'

export const checkDirectory: Check = (c) => {
  if (!c.has('directory', 'ldap')) return
  if (c.list('sasl', 'mechanisms').includes('SCRAM-SHA-256'))
    c.report({
      code: 'no-effect',
      severity: 'warning',
      path: ['sasl', 'mechanisms'],
      where: 'key',
      message: '`SCRAM-SHA-256` is not offered',
      reason: 'it needs keys of passwords, and an LDAP server gives none',
    })
  const open = c.map('directory', 'ldap').some(([key, value]) => key === 'startTls' && value === false)
  const clear = c
    .list('directory', 'ldap', 'urls')
    .find((url) => typeof url === 'string' && /^ldap:\/\/(?!localhost[:/]?|127\.|\[::1\])/i.test(url))
  if (open && clear !== undefined)
    c.report({
      code: 'bad-value',
      severity: 'warning',
      path: ['directory', 'ldap', 'startTls'],
      message: `passwords of users go to ${String(clear)} in the clear`,
    })
}
