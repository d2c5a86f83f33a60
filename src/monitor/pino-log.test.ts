// SPDX-License-Identifier: Apache-2.0
/** Proves: a line is JSON whatever the fields are; none is lost when the process ends; a warning does not wait. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { createLog } from './pino-log.ts'

async function withFile(work: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-log-'))
  try {
    await work(join(folder, 'log'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

const textOf = async (path: string): Promise<string> => await readFile(path, 'utf8').catch(() => '')

test('fields of all kinds', () =>
  withFile(async (path) => {
    const log = createLog({ level: 'info', destination: path })
    log.child({ '"quoted"': 'é\u2028\ud800', token: 1 }).info('all kinds', {
      none: undefined,
      nothing: null,
      yes: true,
      noNumber: Number.NaN,
      beyond: Number.POSITIVE_INFINITY,
      run: () => 1,
      big: 2n,
      ['__proto__']: 'x',
      list: [undefined, 'a'],
      secretNumber: 5,
    })
    await log[Symbol.asyncDispose]()
    const [line = ''] = (await textOf(path)).split('\n')
    assert.match(line, /^\{"level":"info","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",/)
    const rest = line.slice(line.indexOf(',"\\"quoted'))
    assert.equal(
      rest,
      ',"\\"quoted\\"":"é\u2028\\ud800","token":"[not logged]","nothing":null,"yes":true,"noNumber":null,' +
        '"beyond":null,"big":"2","__proto__":"x","list":[null,"a"],"secretNumber":"[not logged]","event":"all kinds"}',
    )
  }))

test('a process that ends has written its lines, in order', async () => {
  const source = new URL('./pino-log.ts', import.meta.url).href
  const program = `
    const { createLog } = await import(${JSON.stringify(source)})
    const log = createLog({ level: 'info' })
    for (let n = 0; n < 1000; n++) log.info('line', { n })
    process.exit()`
  const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  const lines = stderr.trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).n),
    Array.from({ length: 1000 }, (_, n) => n),
  )
})

test('a warning takes along what stands before it, in one write', () =>
  withFile(async (path) => {
    const file = await open(path, 'a')
    const log = createLog({ level: 'info', destination: file.fd })
    log.info('first')
    log.info('second')
    log.warn('third')
    let text = ''
    while (text === '') text = await textOf(path)
    const events = text.trimEnd().split('\n')
    assert.deepEqual(
      events.map((line) => JSON.parse(line).event),
      ['first', 'second', 'third'],
    )
    await log[Symbol.asyncDispose]()
    await file.close()
  }))

test('a warning that comes while others are being written waits for no later line', () =>
  withFile(async (path) => {
    for (let before = 5; before <= 60; before += 5) {
      const file = await open(path, 'w')
      const log = createLog({ level: 'info', destination: file.fd })
      for (let n = 0; n < before; n++) log.info('before', { n, text: 'x'.repeat(20) })
      log.warn('last')
      for (const deadline = performance.now() + 10_000; !(await textOf(path)).includes('"last"'); )
        assert.ok(performance.now() < deadline, `${before} lines before it`)
      await log[Symbol.asyncDispose]()
      await file.close()
    }
  }))
