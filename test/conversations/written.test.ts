// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: what a stranger says reaches logs, traces, replies and the fields we add without a control character of his:
 * no line of ours can be ended, begun or coloured from outside.
 */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createLog } from '../../src/monitor/pino-log.ts'
import { Peer } from './peer.ts'
import { startFixture } from './server-fixture.ts'
import { send } from './talk.ts'

const HOSTILE = [
  'a\rb',
  'a\nb',
  'a\r\nX-Evil: b',
  'a\0b',
  'a\x1b[2Jb',
  'a\tb',
  'a\x7fb',
  'a\u0085b',
  'a\u009b2Jb',
  'a\u2028b',
  '"a\rb"',
  '"a\\\x1bb"',
  'a+0D+0Ab',
  '__proto__',
]

test('hostile values everywhere leave no control character in anything that is written', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-written-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'log')
  const log = createLog({ level: 'debug', destination: path })
  const config = [
    ['limits.badCommands', '1000'],
    ['limits.emptyCommands', '1000'],
  ] as const
  const fixture = await startFixture({ config, deps: { log } })
  await using peer = await Peer.connect(fixture.port)
  for (const value of HOSTILE)
    await send(
      peer,
      [
        `EHLO ${value}`,
        `${value} x`,
        `VRFY ${value}`,
        `MAIL FROM:<${value}@example.net> SMTPUTF8`,
        'RSET',
        `MAIL FROM:<s@example.net> SMTPUTF8 ENVID=${value}`,
        'RSET',
        'MAIL FROM:<s@example.net> SMTPUTF8',
        `RCPT TO:<${value}@example.org>`,
        `RCPT TO:<${value}@example.com>`,
        `RCPT TO:<kim@example.org> ORCPT=utf-8;${value}`,
        'RCPT TO:<kim@example.org>',
        'DATA',
        `Subject: ${value.replace(/[\r\n]/g, ' ')}`,
        `Message-ID: <${value.replace(/[\r\n\0]/g, '')}@example.net>`,
        `X-${value.replace(/[\r\n\0]/g, '')}: y`,
        '',
        '.',
        '',
      ].join('\r\n'),
    )
  await send(peer, 'QUIT\r\n')
  const said = await peer.rest()
  assert.match(said, /221 2\.0\.0 [^\r\n]*\r\n$/)
  // C0 but for the line ends of the protocol, and C1.
  const CONTROL = /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f]/
  assert.doesNotMatch(said, CONTROL)
  assert.doesNotMatch(said.replaceAll('\r\n', ''), /[\r\n]/)
  assert.ok((await fixture.queued()).length > 5)
  for (const { envelope } of await fixture.queued())
    for (const edit of envelope.edits) {
      assert.equal(edit.edit, 'prepend')
      const field = edit.edit === 'prepend' ? edit.field : ''
      assert.doesNotMatch(field, CONTROL)
      assert.doesNotMatch(field, /\r\n(?![ \t]|$)|\r(?!\n)|(?<!\r)\n/)
    }
  for (const trace of fixture.traces()) noControls(JSON.parse(JSON.stringify(trace)), JSON.stringify(trace))
  assert.equal(fixture.faults(), 0)

  await fixture[Symbol.asyncDispose]()
  await log[Symbol.asyncDispose]()
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
  assert.ok(lines.length > HOSTILE.length)
  for (const line of lines) {
    assert.doesNotMatch(line, CONTROL)
    noControls(JSON.parse(line), line)
  }
})

function noControls(value: unknown, where: string): void {
  if (typeof value === 'string') assert.doesNotMatch(value, /[\u0000-\u001f\u007f-\u009f]/, where)
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) {
      noControls(key, where)
      noControls(inner, where)
    }
}
