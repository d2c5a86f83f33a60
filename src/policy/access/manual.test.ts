// SPDX-License-Identifier: Apache-2.0
/** Proves: the examples of docs/manual/access-control.md and never-be-a-relay.md load without a word and do what they say. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { drive } from '../../ask/ask.ts'
import { loadMappings } from '../../mapping/index.ts'
import { describeReply } from '../../smtp/reply.ts'
import { askTable } from './ask-table.ts'
import { contextOf, recordingHost, revisionOf } from './fixture.ts'
import { interpret } from './interpret.ts'
import { judge } from './judge.ts'
import { portRefusal } from './replies.ts'

const read = (name: string): string => readFileSync(new URL(`../../../docs/manual/${name}.md`, import.meta.url), 'utf8')
const chapters = ['access-control', 'never-be-a-relay'].map((name) => ({ name, text: read(name) }))
const blocks = chapters.flatMap(({ text }) =>
  [...text.matchAll(/```mappings\n([\s\S]*?)```/g)].map(([, block = '']) => block),
)
const examples = chapters.flatMap(({ text }) => [
  ...text.matchAll(/```mappings\n([\s\S]*?)```\n+```probes\n([\s\S]*?)```/g),
])

test('the chapters have examples, and all load without a word', () => {
  assert.equal(blocks.length, 2)
  for (const text of blocks) assert.deepEqual(loadMappings({ name: 'mappings', text }).problems, [])
})

function outcome(mappings: string, table: string, probe: string): string {
  const revision = revisionOf({ mappings })
  const recorded = recordingHost()
  const answer = drive(askTable(revision, table, probe, ''), recorded.host)
  assert.ok(!(answer instanceof Promise) && answer?.kind === 'answered')
  if (table === 'PORT_ACCESS') {
    const { matched, output, flags } = answer.result
    const said = matched ? interpret('port', output, flags) : undefined
    return said?.refuse === undefined ? 'yes' : describeReply(portRefusal(said.refuse.text))
  }
  const kind = table === 'FROM_ACCESS' ? 'from' : 'recipient'
  const judged = drive(judge(kind, answer, 'ADDRESS', contextOf(revision)), recorded.host)
  assert.ok(!(judged instanceof Promise))
  const { verdict, said } = judged
  const delay =
    said.delayMs === undefined
      ? ''
      : said.delayMs > 0
        ? `, each reply after ${said.delayMs} ms`
        : `, after ${-said.delayMs} ms`
  if (verdict.do === 'refuse') return describeReply(verdict.reply) + delay
  if (said.from !== undefined) return `sender ${said.from.path ?? '<>'}`
  return said.field === undefined ? 'yes' : `yes, with ${said.field.trim()}`
}

for (const [, mappings = '', probes = ''] of examples)
  for (const line of probes.trim().split('\n'))
    test(line.replace(/ +/g, ' '), () => {
      const [, table = '', probe = '', wanted] = /^(\S+) {2}(.*?) +=> {2}(.*)$/.exec(line) ?? []
      assert.equal(outcome(mappings, table, probe), wanted)
    })
