// SPDX-License-Identifier: Apache-2.0
/**
 * Whole sessions: SMTP, submission, LMTP. The first octet of the input chooses the service, the second the limits; the
 * rest is what the client says, whole and in pieces of 17, 3 and 1. Properties:
 * - no bug on our side, and the session comes to an end when the client has said everything;
 * - every command has exactly one reply that may be where it stands (dialogue-model.ts): a refusal, or an acceptance
 *   that the commands before it allow; the server says nothing else;
 * - the messages that the replies say were taken are those that were committed, each with the content the client
 *   meant: never a second one out of one DATA, never half of one; every draft ends;
 * - the dialogue and the messages are the same however the octets are cut;
 * - another client is served afterwards.
 */
import assert from 'node:assert/strict'
import { makeRevision } from '../../conversations/server-fixture.ts'
import { conversations } from '../corpus.ts'
import { judge, type Taken } from '../dialogue-model.ts'
import { any, chars, LETTERS, many, maybe, NUMBERS, octets, type Rule, repeated, seq } from '../grammar.ts'
import { type Dialogue, MemoryServer, type Service } from '../memory-session.ts'
import type { Target } from '../target.ts'
import { COMMAND, PARAMETER } from './commands.ts'

const SERVICES = ['smtp', 'submission', 'lmtp'] as const satisfies readonly Service[]
const LIMITS = [
  [],
  [
    ['limits.badCommands', '3'],
    ['limits.commandLine', '512'],
    ['limits.messageSize', '1KiB'],
  ],
  [
    ['channels.tcp_local.bareNewlines', 'normalise'],
    ['limits.badCommands', '100'],
  ],
] as const
const NORMALISES = 2

const hello = any('EHLO c.example', 'HELO c', 'LHLO c', 'ehlo [127.0.0.1]', 'EHLO')
const signIn = any(
  'AUTH PLAIN AGtpbQBzZWNyZXQ=',
  'AUTH PLAIN\r\nAGtpbQBzZWNyZXQ=',
  'AUTH LOGIN\r\na2lt\r\nc2VjcmV0',
  'AUTH LOGIN a2lt\r\n*',
  'AUTH SCRAM-SHA-256 biwsbj1raW0scj1hYmM=\r\nYz1iaXdzLHI9YWJj',
  seq(
    'AUTH ',
    any('PLAIN', 'LOGIN', 'SCRAM-SHA-256', 'X'),
    ' ',
    chars(`${LETTERS}+/=`, 0, 30),
    '\r\n',
    chars(`${LETTERS}=`, 0, 9),
  ),
  seq('AUTH PLAIN\r\n', repeated('A', 13_000)),
)
const mail = seq('MAIL FROM:<', any('s@example.net', '', 'kim@example.org'), '>', maybe(seq(' ', PARAMETER), 0.2))
const rcpt = seq(
  'RCPT TO:<',
  any(
    'kim@example.org',
    'team@example.org',
    'kim+x@example.org',
    'postmaster',
    'nobody@example.org',
    'far@example.com',
    'away@example.org',
    'lee@example.org',
  ),
  '>',
  maybe(seq(' ', PARAMETER), 0.1),
)
const textLine = any(
  chars(`${LETTERS} :`, 0, 30),
  '.',
  '..',
  '.x',
  'Received: x',
  'Subject: x',
  repeated('y', 1100),
  octets(0, 6),
)
const ending = any(
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\n',
  '\r',
  '\0',
  '\n.\n',
  '\n.\r\n',
  '\r\n.\n',
  '\r.\r',
  '\r\n.\r',
  '\n\n.\r\n',
)
const text = any(many(seq(textLine, '\r\n'), 0, 5), many(seq(textLine, ending), 0, 5))
const data = seq('DATA\r\n', text, maybe('\r\n', 0.2), '.')
const chunk: Rule = (random) => {
  const content = text(random)
  const size = random.chance(0.9) ? content.length : random.below(40)
  return `BDAT ${size}${random.chance(0.4) ? ' LAST' : ''}\r\n${content}`
}
const command = any(
  seq(any(COMMAND, 'NOOP', 'RSET', 'HELP', 'VRFY kim', 'EXPN team', 'QUIT', 'STARTTLS', seq('BDAT ', NUMBERS)), '\r\n'),
  seq(any(hello, signIn, mail, rcpt, data), '\r\n'),
  chunk,
)
const transaction = seq(
  mail,
  '\r\n',
  many(seq(rcpt, '\r\n'), 1, 4),
  any(seq(data, '\r\n'), many(chunk, 1, 3), 'RSET\r\n'),
)
const noise = many(command, 0, 2)
/** A dialogue that gets somewhere: with the hello of its service, signed in where that is asked for. */
const proper =
  (service: Service): Rule =>
  (random) =>
    seq(
      random.chance(0.9) ? (service === 'lmtp' ? 'LHLO c.example' : any('EHLO c.example', 'HELO c')) : hello,
      '\r\n',
      service === 'submission' && random.chance(0.8)
        ? 'AUTH PLAIN AGtpbQBzZWNyZXQ=\r\n'
        : maybe(seq(signIn, '\r\n'), 0.2),
      many(seq(maybe(noise, 0.3), transaction), 1, 3),
      maybe('QUIT\r\n'),
    )(random)
const sentence: Rule = (random) => {
  const service = random.below(SERVICES.length)
  const mostly = proper(SERVICES[service] ?? 'smtp')
  const rule = any(mostly, mostly, mostly, many(command, 1, 10), octets(0, 60))
  return String.fromCharCode(service, random.below(LIMITS.length)) + rule(random)
}

export const sessions: Target = {
  name: 'sessions',
  grammar: sentence,
  dictionary: [
    ...[
      '\r\n',
      '\n',
      '\r',
      '\0',
      '.',
      '\r\n.\r\n',
      '\n.\n',
      '\n.\r\n',
      '\r\n.\n',
      'DATA\r\n',
      'BDAT 5\r\n',
      'BDAT 3 LAST\r\n',
    ],
    ...[
      'RSET\r\n',
      'QUIT\r\n',
      'EHLO c\r\n',
      'LHLO c\r\n',
      'MAIL FROM:<s@example.net>\r\n',
      'RCPT TO:<kim@example.org>\r\n',
      '*\r\n',
      'AUTH PLAIN\r\n',
    ],
  ],
  seeds: conversations.map(({ service, octets }) =>
    Buffer.concat([
      Buffer.of(Math.max(0, ['smtp', 'submission', 'lmtp'].indexOf(service)), 0),
      octets.subarray(0, 3000),
    ]),
  ),
  shortRuns: 100,
  async check(input) {
    const service = SERVICES[(input[0] ?? 0) % SERVICES.length] ?? 'smtp'
    const variant = (input[1] ?? 0) % LIMITS.length
    const { server, commandLine, authLine } = await serverFor(service, variant)
    const sent = input.subarray(2)
    const whole = await server.converse(sent, sent.length + 1)
    const { taken } = judge(sent, whole.said, { service, commandLine, authLine })
    checkTaken(whole, taken, variant === NORMALISES && service === 'smtp')
    // Piece by piece an octet costs a turn of the loop: long inputs are cut more coarsely.
    for (const size of sent.length > 1500 ? [17, 101] : [17, 3, 1]) {
      const cut = await server.converse(sent, size)
      assert.equal(cut.said.toString('latin1'), whole.said.toString('latin1'), `the dialogue, cut in ${size}`)
      assert.deepEqual(cut.committed, whole.committed, `the messages, cut in ${size}`)
    }
    await probe(service, server)
  },
}

interface Served {
  readonly server: MemoryServer
  readonly commandLine: number
  readonly authLine: number
}

const servers = new Map<string, Promise<Served>>()

function serverFor(service: Service, variant: number): Promise<Served> {
  const key = `${service} ${variant}`
  const known = servers.get(key) ?? startFor(service, variant)
  servers.set(key, known)
  return known
}

async function startFor(service: Service, variant: number): Promise<Served> {
  const settings = [...(LIMITS[variant] ?? []), ['sasl.plaintextOnLoopback', 'true'] as const]
  const { commandLine, authLine } = makeRevision(settings, service).config.limits
  return { server: await MemoryServer.start(service, settings), commandLine, authLine }
}

/** Lets the process end. */
export async function closeServers(): Promise<void> {
  for (const served of servers.values()) await (await served).server[Symbol.asyncDispose]()
}

function checkTaken(
  dialogue: Pick<Dialogue, 'committed' | 'accepted' | 'openDrafts' | 'records'>,
  taken: readonly Taken[],
  normalises: boolean,
): void {
  const { committed, accepted, openDrafts, records } = dialogue
  assert.equal(committed.length, taken.length, 'messages committed, and messages acknowledged')
  assert.deepEqual(
    accepted,
    committed.map(({ envelope }) => envelope.id),
    'ids for the scheduler',
  )
  assert.equal(new Set(accepted).size, accepted.length, 'two messages of one id')
  assert.equal(openDrafts, 0, 'a draft neither committed nor aborted')
  for (const [i, { content }] of taken.entries()) {
    const bare = /\r(?!\n)|(?<!\r)\n/g
    if (!normalises) assert.doesNotMatch(content, bare, 'a bare newline was taken')
    assert.equal(committed[i]?.content.toString('latin1'), content.replace(bare, '\r\n'), 'the content of a message')
  }
  const traces = records.filter((record) => record.record === 'trace')
  const kept = traces.filter(({ outcome }) => ['queued', 'held', 'discarded'].includes(outcome))
  assert.equal(kept.length, committed.length, 'traces of messages kept')
  for (const { outcome } of traces)
    assert.ok(['queued', 'held', 'discarded', 'refused', 'deferred', 'abandoned'].includes(outcome), outcome)
}

async function probe(service: Service, server: MemoryServer): Promise<void> {
  const hello = service === 'lmtp' ? 'LHLO' : 'EHLO'
  const { said } = await server.converse(Buffer.from(`${hello} probe\r\nNOOP\r\nQUIT\r\n`), 1000)
  const want = /^220 [^\r\n]+\r\n(?:250-[^\r\n]+\r\n)*250 [^\r\n]+\r\n250 2\.0\.0 [^\r\n]+\r\n221 [^\r\n]+\r\n$/
  assert.match(said.toString('latin1'), want, 'another client is not served')
}
