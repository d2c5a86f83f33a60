// SPDX-License-Identifier: Apache-2.0
/**
 * The conversation files of this folder against a Postfix of our own: the reply codes only. Every difference stands in
 * `postfix-differences.ts` with its reason; one that is not there fails, and so does one that is there and not found.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { missing } from '../peers/install.ts'
import { Peer } from './peer.ts'
import { differencesDocument, POSTFIX_DIFFERENCES } from './postfix-differences.ts'
import { type PrivatePostfix, startPostfix } from './private-postfix.ts'
import { parseScript, type Script } from './script.ts'

type Found = { readonly line: number | 'end'; readonly ours: string; readonly postfix: string }

const folder = import.meta.dirname
const scripts = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .map((name) => parseScript(name, readFileSync(join(folder, name), 'utf8')))

/** Our Postfix allows many bad commands too. */
const isShared = ([path, value]: readonly [string, string]): boolean =>
  path === 'limits.badCommands' && Number(value) >= 100

/** Empty chunks, the last of them too, kill the process of Postfix 3.7.11 that serves the client (signal 11). */
const CRASHES = new Set(['bdat-zero.txt'])

function unfit(script: Script): string | false {
  if (script.service !== 'smtp') return `of the ${script.service} port`
  if (CRASHES.has(script.name)) return 'crashes Postfix 3.7.11'
  if (script.mappings !== '') return 'needs mapping tables'
  if (script.filters.size > 0) return 'needs filters'
  const setting = script.config.find((setting) => !isShared(setting))
  if (setting !== undefined) return `needs ${setting[0]}`
  for (const step of script.steps) {
    if (step.do === 'tls') return 'needs TLS'
    if (step.do === 'send' && /^STARTTLS\b/im.test(step.octets.toString('latin1'))) return 'needs TLS'
    if (step.do === 'send' && /^AUTH\b/im.test(step.octets.toString('latin1'))) return 'needs users who sign in'
  }
  return false
}

const absent = missing('postfix') || (process.getuid?.() === 0 ? false : 'Postfix starts from root only')

suite('conversations with Postfix', { skip: absent, concurrency: true }, () => {
  let postfix: PrivatePostfix | undefined
  before(async () => {
    postfix = await startPostfix()
  })
  after(async () => await postfix?.[Symbol.asyncDispose]())

  for (const script of scripts)
    test(script.name, { skip: unfit(script) }, async () => {
      assert.ok(postfix !== undefined)
      const listed = POSTFIX_DIFFERENCES.filter(({ file }) => file === script.name)
      assert.deepEqual(
        await differences(script, postfix.port),
        listed.map(({ line, ours, postfix }) => ({ line, ours, postfix })),
      )
    })
})

test('every listed difference is of a file that is replayed', () => {
  const replayed = new Set(scripts.filter((script) => unfit(script) === false).map(({ name }) => name))
  assert.deepEqual(
    POSTFIX_DIFFERENCES.filter(({ file }) => !replayed.has(file)),
    [],
  )
})

test('the document tells the same differences', () => {
  const path = join(folder, '../../docs/quirks/conversations-with-postfix.md')
  assert.equal(readFileSync(path, 'utf8'), differencesDocument())
})

async function differences(script: Script, port: number): Promise<readonly Found[]> {
  await using peer = await Peer.connect(port, { from: script.client })
  const found: Found[] = []
  let over = false
  for (const { line, ...step } of script.steps) {
    if (over) break
    if (step.do === 'send') await peer.send(step.octets)
    else if (step.do === 'shut') peer.shut()
    else if (step.do === 'expect') {
      const ours = step.replies.map(({ code }) => code).join(' ')
      const theirs: string[] = []
      for (const _ of step.replies) {
        const code = await peer.reply().then(
          (reply) => reply.code,
          () => 'nothing',
        )
        theirs.push(code)
        // What comes after a missing reply answers something else.
        over = code === 'nothing'
        if (over) break
      }
      if (theirs.join(' ') !== ours) found.push({ line, ours, postfix: theirs.join(' ') })
    } else if (step.do === 'closed') {
      const closed = await peer.rest().then(
        () => true,
        () => false,
      )
      if (!closed) found.push({ line, ours: 'closes', postfix: 'stays' })
    }
  }
  peer.shut()
  const codes = (await peer.rest()).match(/^\d{3}(?= )/gm) ?? []
  if (codes.length > 0) found.push({ line: 'end', ours: 'nothing', postfix: codes.join(' ') })
  return found
}
