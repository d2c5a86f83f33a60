// SPDX-License-Identifier: Apache-2.0
/** What every directory must do, as a table; run by each backend's test. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Domain, MailAddress } from '../address/address.ts'
import { parseAddress, parseDomain } from '../address/path.ts'
import { drive, type Host } from '../ask/ask.ts'
import { NO_TABLES } from '../ask/no-tables.ts'
import { serverExchange } from '../policy/sasl-server.ts'
import { clientExchange } from '../sasl/client.ts'
import type { Directory } from './directory.ts'
import { directoryAnswers } from './host.ts'
import type { MemoryUser } from './memory.ts'
import type { AliasRow } from './snapshot.ts'

export interface Content {
  readonly domains: readonly Domain[]
  readonly users: readonly MemoryUser[]
  readonly aliases: readonly AliasRow[]
}

export const address = (text: string): MailAddress => {
  const parsed = parseAddress(text)
  assert.ok(parsed !== undefined, text)
  return parsed
}
export const domain = (text: string): Domain => {
  const parsed = parseDomain(text)
  assert.ok(parsed !== undefined, text)
  return parsed
}

const CONTENT: Content = {
  domains: [domain('example.org'), domain('bücher.example')],
  users: [
    { address: address('Kim@example.org'), password: 'pässword 1', also: [address('kim.lee@example.org')] },
    { address: address('sue@example.org'), password: 'x', status: 'suspended' },
    { address: address('dis@example.org'), password: 'x', status: 'disabled' },
    { address: address('mute@example.org') },
    { address: address('jürgen@bücher.example'), password: 'x' },
  ],
  aliases: [
    {
      address: address('sales@example.org'),
      members: [{ address: address('kim@example.org') }, { pipe: ['/bin/x', 'a b'] }],
    },
    {
      address: address('list@example.org'),
      members: [{ address: address('a@example.net') }],
      owner: address('kim@example.org'),
    },
  ],
}

export function directorySuite(name: string, open: (t: TestContext, content: Content) => Promise<Directory>): void {
  test(name, async (t) => await suite(t, await open(t, CONTENT)))
}

async function suite(t: TestContext, directory: Directory): Promise<void> {
  for (const [text, want] of [
    ['example.org', 'found'],
    ['bücher.example', 'found'],
    ['xn--bcher-kva.example', 'found'],
    ['example.net', 'absent'],
    ['sub.example.org', 'absent'],
  ] as const)
    await t.test(`domain ${text} is ${want}`, async () => {
      assert.equal((await directory.domain(domain(text))).kind, want)
    })

  for (const [text, want] of [
    ['kim@example.org', 'user Kim@example.org active'],
    ['KIM@example.org', 'user Kim@example.org active'],
    ['"kim"@example.org', 'user Kim@example.org active'],
    ['kim.lee@example.org', 'user Kim@example.org active'],
    ['sue@example.org', 'user sue@example.org suspended'],
    ['dis@example.org', 'user dis@example.org disabled'],
    ['ju\u0308rgen@bücher.example', 'user jürgen@bücher.example active'],
    ['jürgen@xn--bcher-kva.example', 'user jürgen@bücher.example active'],
    ['kim+x@example.org', 'absent'],
    ['kim@example.net', 'absent'],
    ['sales@example.org', 'group kim@example.org |/bin/x,a b'],
    ['list@example.org', 'group a@example.net owner kim@example.org'],
  ] as const)
    await t.test(`address ${text} is ${want}`, async () => {
      const answer = await directory.address(address(text))
      assert.equal(describe(answer), want)
    })

  await t.test(`the mailbox of an alias is nobody`, async () => {
    assert.equal((await directory.address(address('sales@example.org'), { mailbox: true })).kind, 'absent')
    assert.equal((await directory.address(address('kim@example.org'), { mailbox: true })).kind, 'found')
  })

  await t.test(`passwords`, async () => {
    for (const [login, password, want] of [
      ['kim@example.org', 'pässword 1', 'Kim@example.org'],
      ['KIM@EXAMPLE.ORG', 'pässword 1', 'Kim@example.org'],
      ['kim.lee@example.org', 'pässword 1', 'Kim@example.org'],
      ['kim@example.org', 'pässword 2', undefined],
      ['kim@example.org', '', undefined],
      ['sue@example.org', 'x', undefined],
      ['dis@example.org', 'x', undefined],
      ['mute@example.org', '', undefined],
      ['nobody@example.org', 'x', undefined],
      ['sales@example.org', 'x', undefined],
      ['__proto__', 'x', undefined],
    ] as const) {
      const answer = await directory.password(login, password)
      assert.equal(answer.kind === 'found' ? answer.value.login : undefined, want, login)
      if (answer.kind === 'found') assert.deepEqual(answer.value.addresses, ['Kim@example.org', 'kim.lee@example.org'])
    }
  })

  await t.test(`SCRAM, and a dialogue that tells nobody who exists`, async () => {
    assert.equal(await scram(directory, 'kim@example.org', 'pässword 1'), 'success')
    assert.equal(await scram(directory, 'Kim.Lee@example.org', 'pässword 1'), 'success')
    for (const login of ['kim@example.org', 'sue@example.org', 'mute@example.org', 'nobody@example.org'])
      assert.equal(await scram(directory, login, 'x'), 'failure')
    const salts = await Promise.all(
      ['nobody@example.org', 'NOBODY@example.org', 'other@example.org'].map(async (login) => {
        const answer = await directory.scram(login)
        assert.ok(answer.kind === 'found' && !answer.value.known)
        assert.equal(Buffer.from(answer.value.keys.salt, 'base64').length, 16)
        return answer.value.keys.salt
      }),
    )
    assert.equal(salts[0], salts[1])
    assert.notEqual(salts[0], salts[2])
  })
}

export function describe(answer: Awaited<ReturnType<Directory['address']>>): string {
  if (answer.kind !== 'found') return answer.kind
  const entry = answer.value
  if (entry.kind === 'user') return `${entry.entry} ${entry.status}`
  const members = entry.members.map((member) => ('pipe' in member ? `|${member.pipe.join(',')}` : member.address))
  return `group ${members.join(' ')}${entry.owner === undefined ? '' : ` owner ${entry.owner}`}`
}

async function scram(directory: Directory, login: string, password: string): Promise<string> {
  const never = (): never => assert.fail('not a question of sign-in')
  const others = {
    now: never,
    dns: never,
    pressure: never,
    crashes: never,
    'slot.claim': never,
    ...NO_TABLES,
    'client.early': never,
    'queue.commit': never,
  }
  const host: Host = { ...others, random: () => 'server-nonce', ...directoryAnswers(directory) }
  const server = serverExchange('SCRAM-SHA-256')
  const client = clientExchange('SCRAM-SHA-256', { login, password, nonce: 'client-nonce' })
  const challenge = await drive(server.step(client.step(undefined)), host)
  assert.ok(challenge.kind === 'challenge')
  return (await drive(server.step(client.step(challenge.data)), host)).kind
}
