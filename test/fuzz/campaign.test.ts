// SPDX-License-Identifier: Apache-2.0
/** Proves: the driver repeats itself by its seed, makes what fails small, and notices what never ends. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { Campaign } from './campaign.ts'
import { any, chars, many, seq } from './grammar.ts'
import { reportFailure } from './report.ts'
import type { Target } from './target.ts'

const grammar = many(any(chars('xyz', 1, 5), 'ab', seq('a', 'c')), 1, 30)

test('the same seed gives the same inputs, another seed others', async () => {
  const inputsOf = async (seed: number): Promise<readonly string[]> => {
    const inputs: string[] = []
    const target: Target = {
      name: 't',
      grammar,
      dictionary: ['d'],
      check: (input) => void inputs.push(input.toString('hex')),
    }
    await new Campaign(target, seed).run(200)
    return inputs
  }
  const inputs = await inputsOf(1)
  assert.equal(inputs.length, 200)
  assert.ok(new Set(inputs).size > 150)
  assert.deepEqual(await inputsOf(1), inputs)
  assert.notDeepEqual(await inputsOf(2), inputs)
})

test('what fails is made small, and is told with the command that repeats it', async () => {
  const target: Target = {
    name: 'no-ab-then-c',
    grammar,
    dictionary: [],
    check: async (input) => assert.doesNotMatch(input.toString('latin1'), /ab.*c/s, 'ab before c'),
  }
  const failure = await new Campaign(target, 7).run(10_000)
  assert.equal(failure?.input.toString(), 'abc')
  assert.match(
    reportFailure(failure),
    /FAILED no-ab-then-c, seed 7, .*"abc".*--seed 7 --target no-ab-then-c --input YWJj\n.*ab before c/s,
  )
  const again = await new Campaign(target, 7).repeat(failure.input)
  assert.equal(again?.input.toString(), 'abc')
})

test('an input that never ends is printed, and the process with it ends', async () => {
  const guard = join(import.meta.dirname, 'hang-guard.ts')
  const code = `import { HangGuard } from ${JSON.stringify(guard)}
    new HangGuard(5, 50).begin('loop', Buffer.from('abc'))
    for (;;);`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const said = Buffer.concat(await Array.fromAsync(child.stdout)).toString()
  assert.deepEqual(await exited, [null, 'SIGKILL'])
  assert.match(said, /HANG loop, seed 5.*--target loop --input YWJj/s)
})
