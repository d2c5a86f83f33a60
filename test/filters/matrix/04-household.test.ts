// SPDX-License-Identifier: Apache-2.0
/**
 * Spec filters.md 12, item 4: a head of household has a say where the entry says Yes and names them, and nowhere else; by a
 * real slapd, with the attributes that LDAP_PARENTAL_CONTROLS and LDAP_FILTER_REFERENCE name.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ldif, ROOT } from '../../../src/directory/ldap/content.fixture.ts'
import { eventually, startSite } from '../../interop/site.ts'
import { user } from '../../ldap/site.ts'
import { missing } from '../../peers/install.ts'
import { startSlapd } from '../../peers/slapd.ts'
import { messagesIn, send, settled } from '../site.ts'

const HEAD = 'uid=head,o=example'
const RULE =
  'require ["fileinto", "mailbox"]; addheader "X-Head: yes"; if header :is "subject" "toys" { fileinto :create "Head"; }'

const DOMAIN_ENTRY = ldif('o=example.org,o=example', [
  ['objectClass', 'organization'],
  ['objectClass', 'mailDomain'],
  ['sunPreferredDomain', 'example.org'],
  ['inetDomainBaseDN', 'o=example'],
])

const rows = [
  {
    uid: 'both',
    attributes: [
      ['posternParentalControls', 'Yes'],
      ['posternFilterReference', HEAD],
    ],
    applies: true,
  },
  { uid: 'yes-alone', attributes: [['posternParentalControls', 'Yes']], applies: false },
  { uid: 'reference-alone', attributes: [['posternFilterReference', HEAD]], applies: false },
  {
    uid: 'no',
    attributes: [
      ['posternParentalControls', 'No'],
      ['posternFilterReference', HEAD],
    ],
    applies: false,
  },
  {
    uid: 'own',
    attributes: [
      ['posternParentalControls', 'Yes'],
      ['posternFilterReference', HEAD],
      ['mailSieveRuleSource', 'keep;'],
    ],
    applies: false,
  },
] as const

test('item 4: household', { skip: missing('slapd', 'slapadd'), timeout: 120_000 }, async (t) => {
  const content = [
    ROOT,
    DOMAIN_ENTRY,
    user('head', [['mailSieveRuleSource', RULE]]),
    ...rows.map(({ uid, attributes }) => user(uid, attributes)),
  ]
  await using slapd = await startSlapd(`${content.join('\n\n')}\n`)
  await using site = await startSite({
    users: [],
    files: { 'ldap.password': `${slapd.password}\n`, 'ldap-ca.pem': await readFile(slapd.ca, 'utf8') },
    directory: {
      ldap: {
        urls: [slapd.url],
        bindDn: slapd.bindDn,
        passwordFile: 'ldap.password',
        ca: 'ldap-ca.pem',
        base: 'o=example',
        attributes: { parentalControls: 'posternParentalControls', filterReference: 'posternFilterReference' },
      },
    },
  })
  for (const { uid, applies } of rows)
    await t.test(`item 4: ${uid}: the head of household has ${applies ? 'a' : 'no'} say`, async () => {
      assert.match(await send(site, { to: [`${uid}@example.org`], subject: 'toys' }), /^250 /)
      await settled(site)
      const box = join(site.directory, 'mailboxes', 'example.org', uid)
      const [text = ''] = await eventually('the message', async () => {
        const found = await messagesIn(applies ? join(box, '.Head') : box)
        return found.length === 1 ? found : undefined
      })
      assert.equal(/^X-Head: yes$/m.test(text), applies)
      assert.deepEqual(await messagesIn(applies ? box : join(box, '.Head')), [])
    })
})
