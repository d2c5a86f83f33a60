// SPDX-License-Identifier: Apache-2.0
/** Plays one conversation file against a server, ours or another. */
import assert from 'node:assert/strict'
import { Client, parseReply } from './client.ts'
import type { ExpectedReply, Script, Step } from './script.ts'

/** kim, secret */
const PLAIN = Buffer.from('\0kim\0secret').toString('base64')

export interface Target {
  readonly port: number
  /** What the server keeps; absent where that cannot be seen. */
  readonly values?: () => readonly string[]
  /** Lines marked as different are not compared. */
  readonly other?: boolean
}

export async function replay(script: Script, target: Target, cut = 0): Promise<void> {
  await using client = await Client.connect(target.port, cut)
  let closed = false
  for (const step of script.steps) {
    try {
      await run(step, client, target)
    } catch (error) {
      throw new Error(`${script.name}:${step.line}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      })
    }
    closed = step.do === 'closed'
  }
  if (closed) return
  client.shut()
  assert.equal(await client.rest(), '', 'lines that nobody expected')
}

async function run(step: Step, client: Client, target: Target): Promise<void> {
  const lenient = step.differs && target.other === true
  switch (step.do) {
    case 'greeting':
      return check(await client.reply(), { is: 'OK', code: '' })
    case 'sign-in': {
      check(await client.ask('STARTTLS'), { is: 'OK', code: '' })
      await client.startTls()
      check(await client.reply(), { is: 'OK', code: '' })
      return check(await client.ask(`AUTHENTICATE "PLAIN" "${PLAIN}"`), { is: 'OK', code: '' })
    }
    case 'send':
      return await client.send(step.octets)
    case 'reply': {
      if (step.skip || lenient) {
        const reply = await client.reply()
        return lenient ? undefined : check(reply, step.expected)
      }
      const line = await client.line()
      const reply = parseReply(line)
      assert.ok(reply !== undefined, `not a reply: ${line}`)
      return check(reply, step.expected)
    }
    case 'line': {
      const line = await client.line()
      return lenient ? undefined : assert.equal(line, step.text)
    }
    case 'like': {
      const line = await client.line()
      return lenient ? undefined : assert.match(line, step.text)
    }
    case 'tls':
      return await client.startTls()
    case 'shut':
      return client.shut()
    case 'closed':
      return assert.equal(await client.rest(), '', 'lines before the close')
    case 'rules':
      return target.values === undefined ? undefined : assert.deepEqual(target.values(), step.values)
    default:
      return step satisfies never
  }
}

function check(reply: { readonly is: string; readonly code: string; readonly text: string }, expected: ExpectedReply) {
  const fits =
    reply.is === expected.is &&
    reply.code === expected.code &&
    (expected.text === undefined || expected.text.test(reply.text))
  assert.ok(fits, `expected ${expected.is} (${expected.code}) ${expected.text ?? ''}, got ${JSON.stringify(reply)}`)
}
