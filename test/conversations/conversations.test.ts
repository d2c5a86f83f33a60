// SPDX-License-Identifier: Apache-2.0
/**
 * Every conversation file in this folder, against a server in this process: whole, and with the client's octets cut in
 * pieces of 1, 3 and 17. Each must end without a reply nobody expected, and without a bug on our side.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Peer } from './peer.ts'
import { parseScript, type Script, type Step } from './script.ts'
import { type Fixture, startFixture } from './server-fixture.ts'

const folder = import.meta.dirname
const files = readdirSync(folder).filter((name) => name.endsWith('.txt'))

for (const file of files) {
  const script = parseScript(file, readFileSync(join(folder, file), 'utf8'))
  test(file, { concurrency: true }, async (t) => {
    assert.ok(script.cites.length > 0, `${file} cites no RFC section`)
    for (const cut of script.wholeOnly === undefined ? [0, 1, 3, 17] : [0])
      await t.test(cut === 0 ? 'whole' : `cut in ${cut}`, () => replay(script, cut))
  })
}

test('there are conversations', () => assert.ok(files.length >= 40, `${files.length} files`))

async function replay(script: Script, cut: number): Promise<void> {
  await using fixture = await startFixture({
    service: script.service,
    config: script.config,
    mappings: script.mappings,
    filters: script.filters,
  })
  await using peer = await Peer.connect(fixture.port, { from: script.client, cut })
  let closed = false
  for (const step of script.steps) {
    try {
      await run(step, peer, fixture)
    } catch (error) {
      throw new Error(`${script.name}:${step.line}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      })
    }
    closed = step.do === 'closed'
  }
  if (!closed) {
    peer.shut()
    assert.equal(await peer.rest(), '', 'replies that nobody expected')
  }
  assert.equal(fixture.faults(), 0, `bugs; the log says ${fixture.events.join(', ')}`)
}

async function run(step: Step, peer: Peer, fixture: Fixture): Promise<void> {
  switch (step.do) {
    case 'send':
      return await peer.send(step.octets)
    case 'expect':
      for (const expected of step.replies) {
        const reply = await peer.reply()
        const fits =
          reply.code === expected.code &&
          (expected.enhanced === undefined || reply.enhanced.startsWith(expected.enhanced)) &&
          (expected.text === undefined || expected.text.test(reply.text))
        assert.ok(fits, `expected ${expected.code} ${expected.enhanced ?? ''} ${expected.text ?? ''}, got ${reply.raw}`)
      }
      return
    case 'tls':
      return await peer.startTls()
    case 'shut':
      return peer.shut()
    case 'closed':
      return assert.equal(await peer.rest(), '', 'replies before the close')
    case 'queued':
      return assert.equal((await fixture.queued()).length, step.count)
    case 'content': {
      const last = (await fixture.queued()).at(-1)
      assert.ok(last !== undefined, 'nothing is queued')
      return assert.equal((await fixture.contentOf(last)).toString('latin1'), step.octets.toString('latin1'))
    }
    case 'added': {
      const edits = (await fixture.queued()).at(-1)?.envelope.edits ?? []
      const fields = edits
        .map((edit) => (edit.edit === 'prepend' ? edit.field : ''))
        .filter((field) => !field.startsWith('Received:'))
      return assert.equal(fields.join(''), step.octets.toString())
    }
    case 'received': {
      const edits = (await fixture.queued()).at(-1)?.envelope.edits ?? []
      const top = edits.at(-1)
      const last = top?.edit === 'prepend' ? top.field : ''
      return assert.match(last.replace(/\r\n(?=[ \t]|$)/g, ''), step.field)
    }
    case 'sentTo': {
      const recipients = (await fixture.queued()).at(-1)?.envelope.recipients ?? []
      return assert.deepEqual(
        recipients.map(({ address, channel }) => `${address}→${channel}`),
        step.recipients,
      )
    }
    case 'outcomes':
      return assert.deepEqual(
        fixture.traces().map(({ outcome }) => outcome),
        step.outcomes,
      )
    default:
      return step satisfies never
  }
}
