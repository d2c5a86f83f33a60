// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Sieve
/**
 * Where people get hurt, spec sieve-engine.md 4: what is no ASCII, scripts that end early, replies to the wrong, mailboxes
 * that are not there, redirects, and several scripts on one message. Proves: nothing is lost, and nobody is answered twice.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  executeActions,
  hostOf,
  isAction,
  type MockServices,
  mockServices,
  runChain,
  type SieveEnvelope,
  SieveMessage,
} from '../../src/sieve/index.ts'
import { attempt, engine, holds, MAIL, NOW, type Tried } from './try.ts'

const ENVELOPE: SieveEnvelope = { from: 'kim@sender.example', to: 'lee@example.org' }
const OWNER = ['lee@example.org']

const subject = (octets: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from('Subject: '), Buffer.from(octets), Buffer.from('\r\n\r\nx\r\n')])
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

async function execute(services: MockServices, script: string, tried: Tried = {}) {
  const envelope = tried.envelope ?? ENVELOPE
  const result = attempt(script, { ...tried, host: hostOf(services) })
  const report = await executeActions(result, services, { envelope, owner: OWNER, unique: 'test' })
  return { result, report }
}
const inbox = ({ store }: MockServices): number => store.folders.get('INBOX')?.length ?? 0

describe('what is no ASCII', () => {
  for (const [what, mail] of [
    ['encoded words', subject('=?iso-8859-1?q?Gr=FC=DFe?=')],
    ['encoded words in two pieces', subject('=?utf-8?q?Gr=C3=BC?= =?utf-8?b?w59l?=')],
    ['raw UTF-8', subject('Grüße')],
    ['raw Latin-1', subject(latin1('Grüße'))],
  ] as const)
    test(`"ü" is found in a subject of ${what}`, () => {
      assert.ok(holds('header :contains "Subject" "ü"', { mail }))
      assert.ok(holds('header :is "Subject" "Grüße"', { mail }))
      assert.ok(holds('header :matches "Subject" "Gr*ße"', { mail }))
      assert.ok(!holds('header :contains "Subject" "Ü"', { mail }), 'i;ascii-casemap knows no umlauts')
      assert.ok(holds('header :contains :comparator "i;unicode-casemap" "Subject" "GRÜ"', { mail }))
    })

  test('mailbox names are UTF-8 as they stand; & and modified UTF-7 are not read into them', () => {
    for (const name of ['Größe', 'Entw&APw-rfe', 'a & b', '受信箱']) {
      const [action] = attempt(`fileinto "${name}";`).actions
      assert.ok(action !== undefined && isAction(action, 'fileinto'))
      assert.equal(action.args.mailbox, name)
    }
  })

  test(':upper and :lower change letters of ASCII alone, :length counts characters', () => {
    assert.ok(holds('allof (not false, string "" "")'))
    const set = attempt(
      'set :upper "a" "äbc"; set :lower "b" "ÄBC"; set :length "n" "äb\u{1f4ec}"; fileinto "${a} ${b} ${n}";',
    )
    const [action] = set.actions
    assert.ok(action !== undefined && isAction(action, 'fileinto'))
    assert.equal(action.args.mailbox, 'äBC Äbc 3')
  })
})

describe('scripts that end early', () => {
  const including = (source: string): Tried => ({
    host: { 'sieve.include': () => ({ kind: 'found', value: `require ["include", "fileinto", "ihave"]; ${source}` }) },
  })
  const kinds = (script: string, source: string): string => {
    const { actions, implicitKeep, status } = attempt(script, including(source))
    return [...actions.map(({ kind }) => kind), implicitKeep ? 'kept' : 'gone', status].join(' ')
  }

  test('stop in an included script ends all, return only that one', () => {
    assert.equal(kinds('include "a"; fileinto "main";', 'fileinto "inner"; stop;'), 'fileinto gone ok')
    assert.equal(kinds('include "a"; discard;', 'return; discard;'), 'discard gone ok')
    assert.equal(kinds('include "a"; return; discard;', 'return;'), 'kept ok')
    assert.equal(kinds('if true { include "a"; } discard;', 'if true { if true { stop; } }'), 'kept ok')
  })

  test('after an error half way the message is kept, and no action is carried out', async () => {
    const services = mockServices(() => NOW)
    await services.store.create('A')
    const { result } = await execute(services, 'fileinto "A"; redirect "x@example.net"; error "no"; discard;')
    assert.equal(result.status, 'error')
    assert.equal(result.implicitKeep, true)
    assert.equal(inbox(services), 1)
    assert.equal(services.store.folders.get('A')?.length, 0)
    assert.equal(services.submission.sent.length, 0)
  })

  test('edits and flags of a script that failed do not count', () => {
    const { headerEdits, flags, message } = attempt('addheader "X-A" "b"; setflag "x"; error "no";')
    assert.deepEqual([headerEdits, flags, message.fieldsNamed('x-a').length], [[], [], 0])
  })
})

describe('vacation', () => {
  const replies = async (mail: string, envelope: SieveEnvelope = ENVELOPE): Promise<number> => {
    const services = mockServices(() => NOW)
    await execute(services, 'vacation "gone";', { mail, envelope })
    assert.equal(inbox(services), 1, 'the message itself is kept')
    return services.submission.sent.length
  }
  const mailWith = (field: string): string => `${field}\r\n${MAIL}`

  test('a person who wrote to the owner is answered', async () => assert.equal(await replies(MAIL), 1))

  for (const [what, mail, envelope] of [
    ['a list', mailWith('List-Id: <talk.lists.example>')],
    ['a list by its address for leaving it', mailWith('List-Unsubscribe: <mailto:leave@lists.example>')],
    ['bulk mail', mailWith('Precedence: bulk')],
    ['a program', mailWith('Auto-Submitted: auto-replied')],
    ['the null sender', MAIL, { ...ENVELOPE, from: '' }],
    ['the owner', MAIL, { ...ENVELOPE, from: 'lee@example.org' }],
    ['the owner in capitals', MAIL, { ...ENVELOPE, from: 'LEE@EXAMPLE.ORG' }],
    ['a mailer daemon', MAIL, { ...ENVELOPE, from: 'MAILER-DAEMON@sender.example' }],
    ['the owner of a list', MAIL, { ...ENVELOPE, from: 'owner-talk@lists.example' }],
    ['a request address', MAIL, { ...ENVELOPE, from: 'talk-request@lists.example' }],
    ['a message that names somebody else (Bcc)', MAIL.replace('To: lee@example.org', 'To: all@elsewhere.example')],
  ] as const)
    test(`nothing to ${what}`, async () => assert.equal(await replies(mail, envelope), 0))

  test('a forged From is not who is answered: the envelope is', async () => {
    const services = mockServices(() => NOW)
    await execute(services, 'vacation "gone";', { mail: MAIL.replace('kim@sender.example', 'victim@example.net') })
    assert.deepEqual(
      services.submission.sent.map(({ address, from }) => [address, from]),
      [['kim@sender.example', '']],
    )
  })

  test('twice within its days: one reply; another reason or handle: another', async () => {
    const services = mockServices(() => NOW)
    for (const script of [
      'vacation "a";',
      'vacation "a";',
      'vacation "b";',
      'vacation :handle "h" "c";',
      'vacation :handle "h" "d";',
    ])
      await execute(services, script)
    assert.equal(services.submission.sent.length, 3)
    assert.equal(inbox(services), 5)
  })
})

describe('mailboxes and redirects', () => {
  test('a mailbox that is not there: the message goes to the inbox, flags and all', async () => {
    const services = mockServices(() => NOW)
    const { report } = await execute(services, 'fileinto "Missing";')
    assert.notEqual(report.error, undefined, 'the owner is told')
    assert.equal(inbox(services), 1)
    await execute(services, 'fileinto :create "Made";')
    assert.equal(services.store.folders.get('Made')?.length, 1)
    assert.equal(inbox(services), 1)
  })

  test('of two mailboxes one is not there: nothing is lost', async () => {
    const services = mockServices(() => NOW)
    await services.store.create('There')
    await execute(services, 'fileinto "There"; fileinto "Missing";')
    assert.ok(inbox(services) + (services.store.folders.get('There')?.length ?? 0) >= 1)
  })

  test('a redirect keeps the sender of the envelope, null too', async () => {
    for (const from of ['kim@sender.example', '']) {
      const services = mockServices(() => NOW)
      await execute(services, 'redirect "x@example.net";', { envelope: { ...ENVELOPE, from } })
      assert.deepEqual(
        services.submission.sent.map((sent) => [sent.from, sent.address]),
        [[from, 'x@example.net']],
      )
    }
  })

  test('a redirect to the owner is a keep: two who redirect to themselves make no loop', async () => {
    const services = mockServices(() => NOW)
    await execute(services, 'redirect "Lee@example.org";')
    assert.equal(services.submission.sent.length, 0)
    assert.equal(inbox(services), 1)
  })

  test('the same address twice is one message', async () => {
    const services = mockServices(() => NOW)
    await execute(services, 'redirect "x@example.net"; redirect "x@EXAMPLE.net"; redirect :copy "x@example.net";')
    assert.equal(services.submission.sent.length, 1)
  })
})

describe('several scripts on one message', () => {
  const chain = async (...scripts: readonly string[]) => {
    const services = mockServices(() => NOW)
    const programs = scripts.map((script, i) => {
      const compiled = engine.compile(`require ["fileinto", "copy", "reject", "imap4flags", "editheader"]; ${script}`, {
        name: `s${i}`,
      })
      assert.ok(compiled.ok)
      return compiled.program
    })
    await services.store.create('A')
    const environment = {
      message: SieveMessage.parse(Buffer.from(MAIL)),
      envelope: ENVELOPE,
      owner: OWNER,
      clock: () => NOW,
    }
    const { runs } = await runChain(engine, programs, environment, services, { envelope: ENVELOPE, unique: 'test' })
    return { services, runs, last: runs.at(-1) }
  }

  test('a reject after a delivery is dropped with a warning', async () => {
    const { services, last } = await chain('fileinto :copy "A";', 'reject "no";')
    assert.equal(last?.status, 'ok')
    assert.ok(last.log.some(({ severity }) => severity === 'warning'))
    assert.deepEqual([services.store.folders.get('A')?.length, services.submission.sent.length], [1, 0])
  })

  test('flags and edits of one script are seen by the next', async () => {
    const { services, runs } = await chain(
      'setflag "x"; addheader "X-A" "b";',
      'if allof (hasflag "x", header "X-A" "b") { fileinto "A"; }',
    )
    assert.deepEqual(
      runs.map(({ status }) => status),
      ['ok', 'ok'],
    )
    assert.equal(services.store.folders.get('A')?.length, 1)
  })
})

describe('large headers', () => {
  test('ten thousand fields, and a wildcard that has much to try', () => {
    const mail = `${'X-A: value\r\n'.repeat(10_000)}Subject: ${'a'.repeat(5000)}\r\n\r\nx\r\n`
    assert.ok(holds('header :count "eq" :comparator "i;ascii-numeric" "X-A" "10000"', { mail }))
    assert.ok(!holds('header :matches "Subject" "*a*a*a*a*b"', { mail }))
    assert.ok(holds('header :matches "Subject" "*a*a*a*a"', { mail }))
  })
})
