// SPDX-License-Identifier: Apache-2.0
/**
 * Sign-in, our client against our server, and both against the example of RFC 7677 §3. Proves: the right password gets
 * in and nothing else does; who does not exist sees the same dialogue; both sides refuse a peer that plays false.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MailAddress } from '../address/address.ts'
import { drive, type Host } from '../ask/ask.ts'
import { NO_TABLES } from '../ask/no-tables.ts'
import type { Account } from '../ask/questions.ts'
import { type ClientMechanism, clientExchange, SaslRefused } from '../sasl/client.ts'
import { scramKeys } from '../sasl/messages.ts'
import { type SaslStep, serverExchange } from './sasl-server.ts'

const SEED = 20261124
const ACCOUNT: Account = { login: 'user', addresses: ['user@example.org' as MailAddress] }
const CLIENT_NONCE = 'rOprNGfwEbeRWgbNEkqO'
const SERVER_NONCE = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'
const SALT = 'W22ZaJ0SNY7soEsUEjb6gQ=='
const { storedKey, serverKey } = scramKeys('pencil', Buffer.from(SALT, 'base64'), 4096)
const KEYS = {
  account: ACCOUNT,
  salt: SALT,
  iterations: 4096,
  storedKey: storedKey.toString('base64'),
  serverKey: serverKey.toString('base64'),
}

const never = (): never => assert.fail('not a question of sign-in')
const host: Host = {
  now: never,
  dns: never,
  'directory.domain': never,
  'directory.address': never,
  pressure: never,
  crashes: never,
  'slot.claim': never,
  ...NO_TABLES,
  'client.early': never,
  'queue.commit': never,
  random: () => SERVER_NONCE,
  'directory.password': ({ login, password }) => {
    if (login === 'away') return { kind: 'defer', cause: 'away' }
    return login === 'user' && password === 'pencil' ? { kind: 'found', value: ACCOUNT } : { kind: 'absent' }
  },
  'directory.scram': ({ login }) =>
    login === 'away'
      ? { kind: 'defer', cause: 'away' }
      : { kind: 'found', value: { keys: KEYS, known: login === 'user' } },
}

type Server = ReturnType<typeof serverExchange>
async function say(server: Server, response: string | Buffer | undefined): Promise<SaslStep> {
  return await drive(server.step(typeof response === 'string' ? Buffer.from(response) : response), host)
}
const short = (step: SaslStep): string => {
  if (step.kind === 'challenge') return `? ${step.data}`
  if (step.kind === 'success') return `ok ${step.account.login}${step.data === undefined ? '' : ` ${step.data}`}`
  return step.kind === 'failure' ? step.why : 'defer'
}

test('the example of RFC 7677 §3, both sides', async () => {
  const server = serverExchange('SCRAM-SHA-256')
  const client = clientExchange('SCRAM-SHA-256', { login: 'user', password: 'pencil', nonce: CLIENT_NONCE })
  const first = client.step(undefined)
  assert.equal(first.toString(), 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO')
  const challenge = await say(server, first)
  assert.equal(
    short(challenge),
    '? r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  )
  const final = client.step(challenge.kind === 'challenge' ? challenge.data : undefined)
  assert.equal(
    final.toString(),
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  )
  const end = await say(server, final)
  assert.equal(short(end), 'ok user v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')
  assert.equal(client.verified, false)
  assert.equal(client.step(end.kind === 'success' ? end.data : undefined).length, 0)
  assert.equal(client.verified, true)
  assert.throws(() => client.step(Buffer.from('v=more')), SaslRefused)
})

for (const mechanism of ['PLAIN', 'LOGIN', 'SCRAM-SHA-256'] as const)
  for (const { login, password, want } of [
    { login: 'user', password: 'pencil', want: 'success' },
    { login: 'USER', password: 'pencil', want: 'success' },
    { login: 'user', password: 'Pencil', want: 'failure' },
    { login: 'nobody', password: 'pencil', want: 'failure' },
    { login: 'away', password: 'pencil', want: 'defer' },
  ])
    for (const initial of [true, false])
      test(`${mechanism} ${login} ${password} ${initial ? 'with' : 'without'} initial response: ${want}`, async () =>
        assert.equal(await talk(mechanism, login, password, initial), want))

async function talk(mechanism: ClientMechanism, login: string, password: string, initial: boolean): Promise<string> {
  const server = serverExchange(mechanism)
  const client = clientExchange(mechanism, { login, password, nonce: CLIENT_NONCE })
  let step = await say(server, initial ? client.step(undefined) : undefined)
  for (let turns = 0; step.kind === 'challenge' && turns < 5; turns++) step = await say(server, client.step(step.data))
  return step.kind
}

for (const { mechanism, lines, want } of [
  { mechanism: 'PLAIN', lines: ['other\0user\0pencil'], want: 'credentials' },
  { mechanism: 'PLAIN', lines: ['USER\0user\0pencil'], want: 'ok user' },
  { mechanism: 'PLAIN', lines: ['user\0pencil'], want: 'malformed' },
  { mechanism: 'LOGIN', lines: ['user', ''], want: 'malformed' },
  { mechanism: 'LOGIN', lines: ['us\0er'], want: 'malformed' },
  { mechanism: 'SCRAM-SHA-256', lines: ['n,a=other,n=user,r=12345678'], want: 'credentials' },
  { mechanism: 'SCRAM-SHA-256', lines: ['p=tls-unique,,n=user,r=12345678'], want: 'malformed' },
  { mechanism: 'SCRAM-SHA-256', lines: ['n,,n=user,r=12345678', 'rubbish'], want: 'malformed' },
] as const)
  test(`${mechanism} ${JSON.stringify(lines)}: ${want}`, async () => {
    const server = serverExchange(mechanism)
    let last = ''
    for (const line of lines) last = short(await say(server, line))
    assert.equal(last, want)
  })

const FINAL =
  'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='
for (const [what, final] of [
  ['another nonce', FINAL.replace('%hvY', '%hvX')],
  ['another binding', FINAL.replace('c=biws', 'c=eSws')],
  ['another proof', FINAL.replace('dHzb', 'dHzc')],
] as const)
  test(`SCRAM with ${what} does not get in`, async () => {
    const server = serverExchange('SCRAM-SHA-256')
    await say(server, `n,,n=user,r=${CLIENT_NONCE}`)
    assert.equal(short(await say(server, final)), 'credentials')
  })

test('a name nobody has does not get in with the keys it is shown', async () => {
  const server = serverExchange('SCRAM-SHA-256')
  const client = clientExchange('SCRAM-SHA-256', { login: 'ghost', password: 'pencil', nonce: CLIENT_NONCE })
  const challenge = await say(server, client.step(undefined))
  assert.ok(challenge.kind === 'challenge')
  assert.equal(short(await say(server, client.step(challenge.data))), 'credentials')
})

for (const [what, challenge] of [
  ['does not repeat the nonce', 'r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'],
  ['adds nothing to the nonce', `r=${CLIENT_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
  ['asks for few iterations', `r=${CLIENT_NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1`],
  ['asks for an hour of work', `r=${CLIENT_NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=999999999`],
  ['makes no sense', 'hello'],
] as const)
  test(`the client leaves a server that ${what}`, () => {
    const client = clientExchange('SCRAM-SHA-256', { login: 'user', password: 'pencil', nonce: CLIENT_NONCE })
    client.step(undefined)
    assert.throws(() => client.step(Buffer.from(challenge)), SaslRefused)
  })

for (const final of ['v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=', 'v=', 'e=other-error', ''])
  test(`the client does not believe ${JSON.stringify(final)}`, () => {
    const client = clientExchange('SCRAM-SHA-256', { login: 'user', password: 'pencil', nonce: CLIENT_NONCE })
    client.step(undefined)
    client.step(Buffer.from(`r=${CLIENT_NONCE}${SERVER_NONCE},s=${SALT},i=4096`))
    assert.throws(() => client.step(Buffer.from(final)), SaslRefused)
    assert.equal(client.verified, false)
  })

test(`no responses whatever crash a sign-in or get in; seed ${SEED}`, async () => {
  const response = fc.oneof(
    fc.constant(Buffer.alloc(0)),
    fc.uint8Array({ maxLength: 40 }).map((octets) => Buffer.from(octets)),
    fc.constantFrom('n,,n=user,r=12345678', FINAL, '\0user\0wrong', 'user').map((text) => Buffer.from(text)),
  )
  const mechanism = fc.constantFrom('PLAIN', 'LOGIN', 'SCRAM-SHA-256')
  await fc.assert(
    fc.asyncProperty(mechanism, fc.array(response, { maxLength: 4 }), async (name, responses) => {
      const server = serverExchange(name)
      for (const octets of responses) assert.notEqual((await say(server, octets)).kind, 'success')
    }),
    { seed: SEED, numRuns: 1000 },
  )
})
