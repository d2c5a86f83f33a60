// SPDX-License-Identifier: Apache-2.0
/**
 * Proves, by real SMTP: mail sent on to another system goes out with a sender that leads back, bounces to it find the
 * one who wrote, and nobody gets anything else through that way (address/srs.ts).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startSink } from '../../src/demo/sink.ts'
import { DOMAIN, eventually, SINK_HOST, type SiteOptions } from '../interop/site.ts'
import { filtered, send, settled } from './site.ts'

const FAR = 'far@elsewhere.test'
const at = (user: string): string => `${user}@${DOMAIN}`
const withSrs: SiteOptions = {
  users: ['kim', 'sam'],
  srs: { domain: `srs.${DOMAIN}`, secretsFile: 'secrets' },
  files: { secrets: 'the secret that signs them\nthe one before it, still believed\n', aliases: `out: ${FAR}\n` },
}
const users = { kim: `redirect "${FAR}";` }

async function siteTo(site: SiteOptions, scripts: Readonly<Record<string, string>> = users) {
  const said: string[] = []
  const sink = await startSink({
    address: SINK_HOST,
    port: 0,
    answer: (command) => {
      if (/^(?:MAIL|RCPT)/.test(command)) said.push(command.replace(/ (?:SIZE|BODY)=\S+/g, ''))
      return command.startsWith('EHLO') ? { code: 250, lines: ['sink.test', 'DSN'] } : undefined
    },
  })
  const routes = [{ domain: '*', channel: 'tcp_local', via: `[${SINK_HOST}]:${sink.port}` }]
  const running = await filtered({ users: scripts, site: { ...site, routes } })
  return {
    site: running,
    said,
    /** `from → to` of what came out, in the order it did. */
    out: (count: number) =>
      eventually('mail at the sink', () =>
        sink.messages.length >= count ? sink.messages.map(({ from, to }) => `${from} → ${to}`) : undefined,
      ),
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]()
      await sink[Symbol.asyncDispose]()
    },
  }
}

for (const to of ['kim', 'out'])
  test(`sent on by ${to === 'kim' ? 'a filter' : 'an alias'}: the sender is rewritten, a bounce to it comes back`, async () => {
    await using t = await siteTo(withSrs)
    const { site } = t
    assert.match(await send(site, { to: [to], from: 'Pat@outside.test' }), /^250 /)
    const [first = ''] = await t.out(1)
    const [from = '', rcpt] = first.split(' → ')
    assert.match(from, /^SRS0=[A-Z2-7]{6}=[A-Z2-7]{2}=outside\.test=Pat@srs\.demo\.test$/)
    assert.equal(rcpt, FAR)

    assert.match(await send(site, { from: '', to: [from] }), /^250 /)
    assert.equal((await t.out(2))[1], ' → Pat@outside.test')

    for (const { why, ...order } of [
      { why: 'it is no bounce', from: 'spam@outside.test', to: [from] },
      { why: 'an address was put in', from: '', to: [from.replace('Pat', 'victim')] },
      { why: 'a domain was put in', from: '', to: [from.replace('outside.test', 'victim.test')] },
      { why: 'the hash is made up', from: '', to: [from.replace(/^SRS0=\w{6}/, 'SRS0=AAAAAA')] },
      {
        why: 'it leads through a forwarder that never was',
        from: '',
        to: [`SRS1=AAAAAA=victim.test==x@srs.${DOMAIN}`],
      },
      { why: 'there is nothing in it', from: '', to: [`SRS0=@srs.${DOMAIN}`] },
      { why: 'nobody is there', from: '', to: [`kim@srs.${DOMAIN}`] },
    ])
      assert.match(await send(site, order), /^550 /, why)
    await settled(site)
    assert.equal((await t.out(2)).length, 2)
  })

test('the null sender stays null, mail of our own users keeps its sender, and one that does not fit too', async () => {
  await using t = await siteTo(withSrs)
  const long = `${'x'.repeat(50)}@outside.test`
  for (const from of ['', at('sam'), long]) {
    assert.match(await send(t.site, { from }), /^250 /)
    await settled(t.site)
  }
  assert.deepEqual(await t.out(3), [` → ${FAR}`, `${at('sam')} → ${FAR}`, `${long} → ${FAR}`])
})

test('without the setting nothing is rewritten, and no such address is known', async () => {
  await using t = await siteTo({ users: ['kim'] })
  assert.match(await send(t.site), /^250 /)
  assert.deepEqual(await t.out(1), [`pat@outside.test → ${FAR}`])
  assert.match(await send(t.site, { from: '', to: [`SRS0=AAAAAA=AA=a.test=b@srs.${DOMAIN}`] }), /^550 /)
})

test('what a script asks of notifications reaches the next system, for its copy alone (RFC 6009)', async () => {
  const kim = `require ["redirect-dsn", "copy"];
    redirect :copy :ret "HDRS" :notify "failure,delay" "one@elsewhere.test";
    redirect :copy "two@elsewhere.test"; redirect :ret "full" :notify "never" "three@elsewhere.test";`
  await using t = await siteTo({ users: ['kim'] }, { kim })
  assert.match(await send(t.site), /^250 /)
  await t.out(3)
  const from = 'MAIL FROM:<pat@outside.test>'
  const transactions = t.said.join('\n').split(/\n(?=MAIL)/)
  assert.deepEqual(transactions.toSorted(), [
    `${from}\nRCPT TO:<two@elsewhere.test>`,
    `${from} RET=FULL\nRCPT TO:<three@elsewhere.test> NOTIFY=NEVER ORCPT=rfc822;kim@demo.test`,
    `${from} RET=HDRS\nRCPT TO:<one@elsewhere.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;kim@demo.test`,
  ])
})
