// SPDX-License-Identifier: Apache-2.0
/** Proves: `user set`, `user reply` and `domain rules` change what they name and nothing else, and refuse what makes no sense. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { runCli } from './run.ts'

test('settings of users, rules of domains', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-user-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'postern.yaml'), 'server: { hostname: mx.example.org }\nlisteners: {}\n')
  const run = async (...args: string[]): Promise<{ code: number; out: string }> => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const streams = { stdin: new PassThrough().end(), stdout, stderr, env: {} }
    const code = await runCli([...args, '--json', '--config', folder], streams)
    stdout.end()
    stderr.end()
    return { code, out: await text(stdout) }
  }
  const shown = async (): Promise<Record<string, unknown>> =>
    JSON.parse((await run('user', 'show', 'kim@example.org')).out)
  await run('domain', 'add', 'example.org')
  for (const name of ['kim', 'pat']) await run('user', 'add', `${name}@example.org`, '--no-password')

  await t.test('name and household', async () => {
    const set = ['user', 'set', 'kim@example.org']
    assert.equal((await run(...set)).code, 2)
    assert.equal((await run(...set, '--name', 'Kim Lee', '--household', 'pat@example.org')).code, 0)
    const before = await shown()
    assert.deepEqual([before['displayName'], before['household']], ['Kim Lee', 'pat@example.org'])
    assert.equal((await run(...set, '--name', 'Kim')).code, 0)
    assert.equal((await shown())['household'], 'pat@example.org')
    assert.equal((await run(...set, '--household', 'kim@example.org')).code, 1)
    assert.equal((await run(...set, '--household', 'nobody@example.org')).code, 1)
    assert.equal((await run(...set, '--no-household')).code, 0)
    assert.equal((await run(...set, '--name', '')).code, 0)
    const after = await shown()
    assert.deepEqual([after['displayName'], after['household']], [undefined, undefined])
    assert.equal((await run('user', 'set', 'nobody@example.org', '--name', 'x')).code, 1)
  })

  await t.test('quota', async () => {
    const set = ['user', 'set', 'kim@example.org']
    for (const wrong of [
      ['--quota', 'much'],
      ['--quota', '-1'],
      ['--quota-messages', '1k'],
      ['--quota-messages', ''],
    ])
      assert.equal((await run(...set, ...wrong)).code, 2, wrong.join(' '))
    assert.equal((await run(...set, '--quota', '2MiB')).code, 0)
    assert.equal((await run(...set, '--quota-messages', '10')).code, 0)
    assert.deepEqual((await shown())['quota'], { octets: 2_097_152, messages: 10 })
    assert.equal((await run(...set, '--quota', 'none', '--name', 'Kim')).code, 0)
    assert.deepEqual((await shown())['quota'], { messages: 10 })
    assert.equal((await run(...set, '--quota-messages', 'none', '--name', '')).code, 0)
    assert.equal((await shown())['quota'], undefined)
  })

  await t.test('automatic replies', async () => {
    const reply = ['user', 'reply', 'kim@example.org']
    for (const wrong of [
      [],
      ['--text', 'x', '--off'],
      ['--text', 'x', '--mode', 'loud'],
      ['--text', 'x', '--hours', '-1'],
      ['--text', 'x', '--hours', '1.5'],
      ['--text', 'x', '--start', 'soon'],
      ['--text', 'x', '--start', '2026-06-02', '--end', '2026-06-01'],
    ])
      assert.equal((await run(...reply, ...wrong)).code, 2, wrong.join(' '))
    await run('user', 'set', 'kim@example.org', '--name', 'Kim')
    const given = [
      '--text',
      'Away.',
      '--subject',
      'Away',
      '--hours',
      '48',
      '--start',
      '2026-06-01',
      '--end',
      '2026-06-01',
    ]
    assert.equal((await run(...reply, ...given)).code, 0)
    const set = await shown()
    assert.equal(set['displayName'], 'Kim')
    assert.deepEqual(set['autoreply'], {
      mode: 'vacation',
      subject: 'Away',
      text: 'Away.',
      timeoutHours: 48,
      start: Date.UTC(2026, 5, 1),
      end: Date.UTC(2026, 5, 2) - 1,
    })
    assert.equal((await run(...reply, '--mode', 'echo')).code, 0)
    assert.deepEqual((await shown())['autoreply'], { mode: 'echo' })
    assert.equal((await run(...reply, '--off')).code, 0)
    assert.equal((await shown())['autoreply'], undefined)
  })

  await t.test('rules of a domain', async () => {
    const [good, bad] = [join(folder, 'good.sieve'), join(folder, 'bad.sieve')]
    await writeFile(good, 'if header :is "x" "y" { discard; }\n')
    await writeFile(bad, 'if {\n')
    assert.equal((await run('domain', 'rules', 'example.org', good)).code, 0)
    assert.equal((await run('domain', 'rules', 'example.org', good, bad)).code, 1)
    assert.equal((await run('domain', 'rules', 'example.org', good, '--clear')).code, 2)
    assert.equal((await run('domain', 'rules', 'example.com', good)).code, 1)
    assert.deepEqual(JSON.parse((await run('domain', 'rules', 'example.org')).out), [
      'if header :is "x" "y" { discard; }\n',
    ])
    assert.equal((await run('domain', 'rules', 'example.org', '--clear')).code, 0)
    assert.deepEqual(JSON.parse((await run('domain', 'rules', 'example.org')).out), [])
  })
})
