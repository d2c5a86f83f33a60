// SPDX-License-Identifier: Apache-2.0
/**
 * Runs the tests: the checks (types, lint, layers), then every `*.test.ts` in a process of its own, two at a time.
 * Words on the command line choose files by path and leave out checks and peers. Prints failures and skips with their
 * reasons; the last line is `N passed, N failed, N skipped`. Fails when nothing ran.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { run } from 'node:test'
import { installPeers } from './peers/install.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const words = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const everything = words.length === 0
const files = globSync('{src,test}/**/*.test.ts')
  .filter((file) => everything || words.some((word) => file.includes(word)))
  .sort()

const total = { passed: 0, failed: 0, skipped: 0 }

if (everything) {
  const check = spawnSync(process.execPath, ['scripts/check.mjs'], { stdio: 'inherit' })
  total[check.status === 0 ? 'passed' : 'failed']++
  installPeers(say)
}

const started = performance.now()
const events = run({ files, concurrency: Math.max(2, availableParallelism()), timeout: 300_000 })
events.on('test:fail', ({ name, file, line, details, todo }) => {
  if (todo !== undefined && todo !== false) return
  const { error } = details
  // A parent fails because a child did; the child has been printed.
  if ('failureType' in error && error.failureType === 'subtestsFailed') return
  const cause = error.cause
  say(`FAILED ${file ?? ''}:${line ?? ''} ${name}`)
  say(indent(cause instanceof Error ? causes(cause).join('\n… because ') : String(cause ?? error.message)))
})
events.on('test:pass', ({ name, file, skip }) => {
  if (skip === undefined || skip === false) return
  say(`skipped ${file ?? ''} ${name}: ${skip === true ? 'no reason given' : skip}`)
})
events.on('test:stderr', ({ file, message }) => say(`${file}: ${message.trimEnd()}`))
events.on('test:stdout', ({ message }) => {
  // Seeds and measurements are worth reading in a log; everything else a test prints is for its author.
  for (const line of message.split('\n')) if (/seed|ratio|measured/i.test(line)) say(line.trimEnd())
})
events.on('test:summary', ({ counts, file }) => {
  if (file !== undefined) return
  total.passed += counts.passed
  total.failed += counts.tests - counts.passed - counts.skipped - counts.todo
  total.skipped += counts.skipped + counts.todo
})
for await (const _ of events) {
  // Reading the stream to its end runs the tests.
}

const ran = total.passed + total.failed
say(`${files.length} files in ${((performance.now() - started) / 1000).toFixed(0)} s`)
if (ran === 0) say('no test ran')
say(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed > 0 || ran === 0 ? 1 : 0

/** An error and what it came of. */
function causes(error: Error): readonly string[] {
  return [error.stack ?? error.message, ...(error.cause instanceof Error ? causes(error.cause) : [])]
}

function indent(text: string): string {
  return text
    .split('\n')
    .slice(0, 30)
    .map((line) => `    ${line}`)
    .join('\n')
}
