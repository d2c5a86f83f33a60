// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { postern } from './fixture.ts'

let folder = ''
const explain = (...args: readonly string[]) => postern(['--config', folder, 'explain', '--offline', ...args])

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-explain-'))
  await writeFile(
    join(folder, 'postern.yaml'),
    'server: { hostname: mx.example.org }\nlisteners: { mx: { service: smtp, port: 25 } }\nnetworks: { own: [192.0.2.0/24] }\n',
  )
})
after(() => rm(folder, { recursive: true }))

const STRANGER = ['--ip', '198.51.100.7', '--from', '<kim@example.net>', '--to', 'far@example.com']

test('what would become of a session, with the place of what decides', async () => {
  const { code, out, err } = await explain(...STRANGER)
  assert.equal(code, 0, err)
  assert.match(out, /^refused\n {2}refused +<far@example.com> {2}550 5\.7\.1 Relaying not allowed/)
  assert.match(out, /C: RCPT TO:<far@example.com>\n {2}S: 550/)
  assert.match(out, /relay guard/)
})

test('--expect ends with 1 when it is another', async () => {
  assert.equal((await explain(...STRANGER, '--expect', 'refused')).code, 0)
  const { code, err } = await explain(...STRANGER, '--expect', 'accepted')
  assert.equal(code, 1)
  assert.match(err, /expected accepted, would be refused/)
  assert.equal((await explain(...STRANGER, '--expect', 'maybe')).code, 2)
})

test('--json, a message of a file, several recipients', async () => {
  const file = join(folder, 'message.eml')
  await writeFile(file, 'Subject: hello\n\n.\n')
  const args = ['--ip', '192.0.2.9', '--from', '<>', '--to', 'a@example.com', 'b@example.com', '--json', file]
  const { code, out, err } = await explain(...args)
  assert.equal(code, 0, err)
  const { verdict, recipients, traces } = JSON.parse(out)
  assert.equal(verdict, 'accepted')
  assert.deepEqual(
    recipients.map(({ to }: { to: string }) => to),
    ['a@example.com', 'b@example.com'],
  )
  assert.equal(traces[0].subject, 'hello')
  assert.deepEqual((await readdir(folder)).sort(), ['message.eml', 'postern.yaml'], 'nothing is made')
})

test('--batch: one line of JSON for each', async () => {
  const file = join(folder, 'sessions.jsonl')
  const lines = [
    { ip: '198.51.100.7', from: 'kim@example.net', to: ['far@example.com'] },
    { ip: '192.0.2.9', from: 'kim@example.net', to: 'far@example.com' },
    { ip: '192.0.2.9', frm: 'x' },
  ]
  await writeFile(file, `${lines.map((line) => JSON.stringify(line)).join('\n\n')}\n{`)
  const { code, out } = await explain('--batch', file)
  assert.equal(code, 1)
  const results = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    results.map(({ verdict, error }) => verdict ?? error.replace(/;.*/, '')),
    ['refused', 'accepted', 'a session has no "frm"', results[3].error],
  )
  assert.match(results[3].error, /JSON/)
  const piped = await postern(['--config', folder, 'explain', '--offline', '--batch', '-'], {
    stdin: JSON.stringify(lines[1]),
  })
  assert.equal(piped.code, 0)
})

test('what cannot be asked is said', async () => {
  for (const [args, code, text] of [
    [['--ip', 'nowhere'], 2, /no IP address/],
    [['--ip', '192.0.2.1', '--port', '99999'], 2, /no port/],
    [['--ip', '192.0.2.1', '--port', '587'], 2, /no listener has port 587; there are mx \(25\)/],
    [['--ip', '192.0.2.1', '--at', 'noon'], 2, /no time/],
    [['--ip', '192.0.2.1', 'missing.eml'], 1, /cannot read missing.eml/],
    [['--batch', 'missing.jsonl'], 1, /cannot read missing.jsonl/],
    [[], 2, /id of a message is missing/],
  ] as const) {
    const ran = await explain(...args)
    assert.equal(ran.code, code, ran.err)
    assert.match(ran.err, text)
  }
})

test('behind a refusal: what the other tables of the phase would have said, in brackets, and changing nothing', async (t) => {
  const mappings = join(folder, 'mappings')
  t.after(() => rm(mappings))
  await writeFile(
    mappings,
    'ORIG_SEND_ACCESS\n\n  *|bad@*|*|*  $NNot$ you\n\nORIG_MAIL_ACCESS\n\n  *|*|*bad@*  $<seen$Y\n\n' +
      'SEND_ACCESS\n\n  *|*|*|b@*  $NNot$ b\n\nMAIL_ACCESS\n\n  *never  $N\n',
  )
  const session = ['--ip', '192.0.2.9', '--from', 'bad@example.net', '--to', 'a@example.com', 'b@example.com']
  const { code, out, err } = await explain(...session)
  assert.equal(code, 0, err)
  const lines = out.split('\n')
  const said = (text: string): string[] => lines.filter((line) => line.trimStart().startsWith(text))
  assert.deepEqual(said('[SEND_ACCESS'), [
    '     [SEND_ACCESS would have let it pass',
    '     [SEND_ACCESS would have refused it too with 550 5.7.1 Not b: b@example.com',
  ])
  assert.equal(said('[ORIG_MAIL_ACCESS would have let it pass').length, 2)
  assert.equal(said('[ORIG_SEND_ACCESS').length, 0)
  assert.match(out, /\[MAIL_ACCESS would have let it pass\n(?:.*\n)+? +no row matched\n(?:.*\n)*? +nearly: .*\]\n/)
  const json = JSON.parse((await explain(...session, '--json')).out)
  const rcpt = json.exchanges.filter(({ step }: { step: string }) => step === 'rcpt')
  assert.deepEqual(
    rcpt[1].otherTables.map(({ stage, result }: { stage: string; result: string }) => [stage, result]),
    [
      ['ORIG_MAIL_ACCESS', 'change'],
      ['SEND_ACCESS', 'refuse'],
      ['MAIL_ACCESS', 'change'],
    ],
  )
  // `$<` of a table that was not asked writes to no log.
  assert.deepEqual(
    json.effects.filter(({ effect }: { effect: string }) => effect === 'note'),
    [],
  )
  assert.ok(
    json.traces.every(({ steps }: { steps: { stage: string }[] }) => steps.every((s) => s.stage !== 'MAIL_ACCESS')),
  )
})

test('behind another refusal no table is asked', async () => {
  const { code, out, err } = await explain(
    '--ip',
    '198.51.100.7',
    '--from',
    'kim@example.net',
    '--to',
    'a@x.invalid.',
    'far@example.com',
  )
  assert.equal(code, 0, err)
  assert.doesNotMatch(out, /would have/)
})
