// SPDX-License-Identifier: Apache-2.0
/** Rules of LDAP that include others of the same user (RFC 6609), and lists that a table looks up there (RFC 6134): a real slapd. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ROOT } from '../../src/directory/ldap/content.fixture.ts'
import { newMail } from '../interop/site.ts'
import { missing } from '../peers/install.ts'
import { startLdapSite, user } from './site.ts'

const rule = (text: string) => ['mailSieveRuleSource', text] as const
const MORE = '# $Rule Info: Order=0 Name=more\nrequire ["fileinto", "mailbox"]; fileinto :create "More";'
const LISTED = `require ["extlists", "fileinto", "mailbox"];
  if address :list "from" "tag:example.org,2026:known" { fileinto :create "Known"; }`

test('scripts of users in LDAP', { skip: missing('slapd', 'slapadd') }, async (t) => {
  await using cleanup = new AsyncDisposableStack()
  const content = [
    ROOT,
    user('kim', [rule('require "include"; include "more";'), rule(MORE)]),
    user('lee', [rule(LISTED)]),
    user('ann', [['mailAlternateAddress', 'ann@example.net']]),
    user('sue', [rule(LISTED.replaceAll('known', 'others'))]),
  ]
  const lookUp = (more: string): string => `$C$]ldap:///o=example?uid?sub?(&(mailAlternateAddress=$=$0)(${more}))[$Y$E`
  const { send, box } = await startLdapSite(cleanup, `${content.join('\n\n')}\n`, {
    files: { mappings: `KNOWN\n\n  *  ${lookUp('uid=*')}\n\nOTHERS\n\n  *  ${lookUp('uid=bob')}\n` },
    filters: {
      lists: {
        'tag:example.org,2026:known': { mapping: 'KNOWN' },
        'tag:example.org,2026:others': { mapping: 'OTHERS' },
      },
    },
  })
  await t.test('one includes another by its name, though it is off', async () => {
    assert.match(await send('included', 'kim'), /^250/)
    assert.match((await newMail(box('kim', '.More'), 1))[0] ?? '', /Subject: included/)
  })
  await t.test('a sender that the directory has is in the list, another is not', async () => {
    assert.match(await send('known', 'lee', 'sue'), /^250/)
    assert.match((await newMail(box('lee', '.Known'), 1))[0] ?? '', /Subject: known/)
    assert.match((await newMail(box('sue'), 1))[0] ?? '', /Subject: known/)
  })
})
