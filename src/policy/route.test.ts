// SPDX-License-Identifier: Apache-2.0
/** Proves: one domain goes one way however it is typed, and the postmaster of this host is found however quoted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailAddress } from '../address/address.ts'
import { parseForwardPath } from '../address/path.ts'
import type { Revision, RevisionId } from '../config/revision.ts'
import { ConfigSchema } from '../config/schema.ts'
import { routeOf } from './route.ts'

const revision: Revision = {
  id: 'r' as RevisionId,
  directory: '/nowhere',
  config: ConfigSchema.parse({
    server: { hostname: 'mx.example.org' },
    listeners: {},
    routes: [
      { domain: 'bücher.example', channel: 'one' },
      { domain: 'xn--mller-kva.example', channel: 'two' },
      { domain: '.bücher.example', channel: 'three' },
      { domain: '.example.net', channel: 'four' },
    ],
  }),
  where: (...path) => ({ by: 'default', setting: path.join('.'), value: '' }),
}

for (const { address, channel } of [
  { address: 'a@bücher.example', channel: 'one' },
  { address: 'a@xn--bcher-kva.example', channel: 'one' },
  { address: 'a@müller.example', channel: 'two' },
  { address: 'a@xn--mller-kva.example', channel: 'two' },
  { address: 'a@x.xn--bcher-kva.example', channel: 'three' },
  { address: 'a@b.EXAMPLE.net', channel: 'four' },
  { address: 'a@example.net', channel: 'tcp_local' },
  { address: 'postmaster@mx.example.org', channel: 'l' },
  { address: '"postmaster"@mx.example.org', channel: 'l' },
  { address: '"Post\\master"@mx.example.org', channel: 'l' },
  { address: '"postmaster "@mx.example.org', channel: 'tcp_local' },
  { address: 'a@mx.example.org', channel: 'tcp_local' },
])
  test(`${address} goes to ${channel}`, () => {
    const parsed = parseForwardPath(`<${address}>`, { smtputf8: true })
    assert.ok(!('problem' in parsed), address)
    const routing = routeOf(revision, parsed.path satisfies MailAddress)
    const question = routing.next()
    assert.deepEqual(question.value, {
      ask: 'directory.domain',
      domain: parsed.path.slice(parsed.path.indexOf('@') + 1),
    })
    const { value, done } = routing.next({ kind: 'absent' })
    assert.ok(done === true && 'route' in value)
    assert.equal(value.route.channel, channel)
  })
