// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: whatever commands come, in whatever order and with whatever arguments, a session throws nothing, asks only for
 * the rules of who has signed in, answers every line with exactly one reply, and sends nothing but well-formed lines.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import type { MailAddress } from '../address/address.ts'
import { ConfigSchema } from '../config/schema.ts'
import { filterEngine } from '../config/site-filters.ts'
import type { Action } from './action.ts'
import { COMMANDS } from './commands/table.ts'
import { CommandReader, type Line, type Word } from './grammar.ts'
import { driveSession } from './questions.ts'
import { scriptChecker } from './script-checker.ts'
import { Session } from './session.ts'

const seed = announceSeed('ManageSieve session')
const settings = ConfigSchema.parse({
  server: { hostname: 'mx.example.org' },
  listeners: {},
  managesieve: { scripts: 3, scriptSize: 1024, failureDelay: '0s' },
  limits: { failedAuth: 1000, badCommands: 10_000 },
})
const checker = scriptChecker(filterEngine())
const PLAIN = Buffer.from('\0kim\0secret').toString('base64')

const text = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'keep;', 'fileint "x";', 'PLAIN', 'LOGIN', PLAIN, '*', 'a/b', '{5+}', 'rules'),
  fc.string({ maxLength: 30, unit: 'binary' }),
)
const word: fc.Arbitrary<Word> = fc.oneof(
  { arbitrary: text.map((given): Word => ({ kind: 'string', octets: Buffer.from(given) })), weight: 6 },
  fc.uint8Array({ maxLength: 10 }).map((octets): Word => ({ kind: 'string', octets: Buffer.from(octets) })),
  fc.nat(2000).map((value): Word => ({ kind: 'number', value })),
  fc.constant<Word>({ kind: 'dropped', size: 100_000 }),
  fc.constantFrom('ACTIVE', 'x').map((given): Word => ({ kind: 'atom', text: given })),
)
const verb = fc.constantFrom(...Object.keys(COMMANDS).filter((name) => name !== 'LOGOUT'), 'NONSENSE')
const SIGN_IN: Line = {
  kind: 'words',
  words: [
    { kind: 'atom', text: 'AUTHENTICATE' },
    { kind: 'string', octets: Buffer.from('PLAIN') },
    { kind: 'string', octets: Buffer.from(PLAIN) },
  ],
}
const line: fc.Arbitrary<Line> = fc.oneof(
  {
    arbitrary: fc
      .tuple(verb, fc.array(word, { maxLength: 3 }))
      .map(([name, words]): Line => ({ kind: 'words', words: [{ kind: 'atom', text: name }, ...words] })),
    weight: 10,
  },
  { arbitrary: fc.constant(SIGN_IN), weight: 2 },
  fc.array(word, { maxLength: 3 }).map((words): Line => ({ kind: 'words', words })),
  fc.constant<Line>({ kind: 'bad', why: 'for a test' }),
)

const sent = (actions: readonly Action[]): string =>
  actions.map((action) => (action.do === 'send' ? action.text : '')).join('')

/** The lines of what was sent, as the grammar reads them; a server's literals look like those of old clients. */
function linesOf(octets: string): readonly Line[] {
  // A code stands in brackets, which clients never send.
  const reader = new CommandReader({ lineOctets: 1 << 20, keptOctets: 1 << 20, readOctets: 1 << 20 })
  reader.push(Buffer.from(octets.replace(/^(OK|NO|BYE) \([A-Z/-]+(?: "(?:[^"\\]|\\.)*")?\)/gm, '$1')))
  const lines: Line[] = []
  for (let next = reader.next(); next !== undefined; next = reader.next()) lines.push(next)
  assert.equal(reader.drop(), 0, `half a line was sent: ${octets}`)
  return lines
}

const isReply = (given: Line): boolean =>
  given.kind === 'words' && given.words[0]?.kind === 'atom' && /^(OK|NO|BYE)$/.test(given.words[0].text)

test('whatever is said, every line has one reply, and nobody else’s rules are asked for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 20 }), async (lines) => {
      let values: readonly string[] = []
      const session = new Session(
        { client: { address: '192.0.2.1', port: 1 }, settings, checker, tls: { version: 'TLSv1.3', cipher: 'x' } },
        { tlsAvailable: () => true },
      )
      const owner = (user: string): void => {
        assert.equal(session.context.account?.login, 'kim')
        assert.equal(user, 'kim')
      }
      const host = {
        signIn: {
          'directory.password': ({ login, password }: { readonly login: string; readonly password: string }) =>
            login === 'kim' && password === 'secret'
              ? ({ kind: 'found', value: { login: 'kim', addresses: ['kim@example.org' as MailAddress] } } as const)
              : ({ kind: 'absent' } as const),
          'directory.scram': () => ({ kind: 'absent' }) as const,
          random: () => 'abcd',
          wait: () => undefined,
        },
        rules: {
          async rules(user: string) {
            owner(user)
            return { kind: 'found', value: { values, state: JSON.stringify(values) } } as const
          },
          async replace(user: string, next: readonly string[], state: string) {
            owner(user)
            assert.equal(state, JSON.stringify(values))
            values = next
            return { kind: 'stored' } as const
          },
        },
      }
      assert.ok(linesOf(sent(session.greet())).length > 5)
      for (const each of lines) {
        const said = linesOf(sent(await driveSession(session.line(each), host)))
        assert.deepEqual(
          said.filter(({ kind }) => kind !== 'words'),
          [],
        )
        // Within a sign-in a challenge stands for the reply.
        const challenge = session.state.at === 'signing-in'
        assert.equal(said.filter(isReply).length, challenge ? 0 : 1)
        if (challenge) assert.equal(said.length, 1)
        else assert.ok(said.findIndex(isReply) === said.length - 1)
        assert.ok(values.length <= settings.managesieve.scripts)
      }
    }),
    { seed, numRuns: 400 },
  )
})
