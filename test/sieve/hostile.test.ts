// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Sieve
/**
 * Scripts and messages made to hurt, spec sieve-engine.md 5. Proves: each ends within its budget, which is printed, and
 * neither adds a field, leaves a store, nor reaches an object behind a name. Patterns and wildcards that take
 * exponential time elsewhere: linear.test.ts.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { executeActions, type MockServices, mockServices, SIEVE_LIMITS, type SieveHost } from '../../src/sieve/index.ts'
import { attempt, codesOf, holds, MAIL, NOW, type Tried } from './try.ts'

const measured = (what: string, used: string): void => console.log(`measured ${what}: ${used}`)

/** Runs a script and carries its actions out. */
async function carriedOut(script: string, tried: Tried = {}): Promise<MockServices> {
  const services = mockServices(() => NOW)
  const result = attempt(script, tried)
  assert.equal(result.status, 'ok', result.error?.message)
  await executeActions(result, services, {
    envelope: { from: 'kim@sender.example', to: 'lee@example.org' },
    owner: ['lee@example.org'],
    unique: 'test',
  })
  return services
}

const headerOf = (content: Uint8Array): string => Buffer.from(content).toString('latin1').split('\r\n\r\n')[0] ?? ''

test('a variable that is doubled again and again stays within its octets', () => {
  const doubling = 'set "a" "x"; '.concat('set "a" "${a}${a}"; '.repeat(60))
  const result = attempt(`${doubling} set :length "n" "\${a}"; fileinto "\${n}";`)
  assert.deepEqual(
    result.actions.map(({ args }) => args),
    [{ ...result.actions[0]?.args, mailbox: String(SIEVE_LIMITS.variableBytes) }],
  )
  measured('doubling a variable 60 times', `${result.usage.steps} steps, ${SIEVE_LIMITS.variableBytes} octets`)
})

test('a string of many references to a full variable costs steps', () => {
  const full = 'set "a" "x"; '.concat('set "a" "${a}${a}"; '.repeat(12))
  const references = (count: number): string => `if string "${'${a}'.repeat(count)}" "x" { keep; } `
  assert.equal(attempt(full + references(2000)).error?.code, 'limit-string-bytes')
  const result = attempt(full + references(200).repeat(200))
  assert.equal(result.error?.code, 'limit-steps')
  measured('200 strings of 800 KiB', `${result.usage.steps} steps`)
})

test('scripts that include two others each, and those two others each', () => {
  let read = 0
  const tree: Tried = {
    host: {
      'sieve.include': ({ name }) => {
        read++
        const level = Number(name.slice(1))
        const inner = level >= 9 ? 'keep;' : `include "n${level + 1}"; include "n${level + 1}";`
        return { kind: 'found', value: `require "include"; ${inner}` }
      },
    },
  }
  const wide = attempt('include "n1"; include "n1";', tree)
  assert.equal(wide.error?.code, 'limit-includes')
  measured('includes as a tree', `${read} scripts read, ${SIEVE_LIMITS.includes} includes, ${wide.usage.steps} steps`)
  assert.ok(read <= 10, 'each script is read once')
})

test('scripts that include one another without end', () => {
  const source = (text: string): SieveHost => ({ 'sieve.include': () => ({ kind: 'found', value: text }) })
  const itself = attempt('include "a";', { host: source('require "include"; include "a";') })
  assert.equal(itself.error?.code, 'include-recursion')
  let n = 0
  const chain: SieveHost = {
    'sieve.include': () => ({ kind: 'found', value: `require "include"; include "a${++n}";` }),
  }
  const deep = attempt('include "a";', { host: chain })
  assert.equal(deep.error?.code, 'limit-include-depth')
  measured('a chain of includes', `${n} scripts, depth ${SIEVE_LIMITS.includeDepth}`)
})

test('large parts, each shown to an included script', () => {
  const inner = `Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n${'x'.repeat(4_000_000)}\r\n--c--\r\n`
  const mail = `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${inner}--b--\r\n`
  const host: SieveHost = { 'sieve.include': () => ({ kind: 'found', value: 'if exists "a" { stop; }' }) }
  const again = 'include "a"; '.repeat(100)
  const result = attempt(`foreverypart { ${again} }`, { mail, host })
  assert.equal(result.error?.code, 'limit-steps')
  measured('parts of 4 MB shown to included scripts', `${result.usage.steps} steps`)
})

test('a thousand parts, the body looked at in each', () => {
  const text = 'some words that are nothing special\r\n'.repeat(100)
  const part = `--b\r\nContent-Type: text/plain\r\n\r\n${text}`
  const mail = `Content-Type: multipart/mixed; boundary=b\r\n\r\n${part.repeat(1000)}--b--\r\n`
  const result = attempt('foreverypart { if body :text :contains "absent" { discard; } }', { mail })
  assert.equal(result.error?.code, 'limit-steps')
  measured('1000 parts × body', `${mail.length} octets, ${result.usage.steps} steps`)
  const nested = attempt(
    'foreverypart { foreverypart { foreverypart { if header :mime :contains "Content-Type" "x" { keep; } } } }',
    { mail: `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(1000)}--b--\r\n` },
  )
  assert.ok(nested.status === 'ok' || nested.error?.code === 'limit-steps')
  measured('loops within loops over 1000 parts', `${nested.status}, ${nested.usage.steps} steps`)
})

test('a body larger than what is looked at', () => {
  const mail = `Subject: x\r\n\r\n${'x'.repeat(80)}\r\n`.concat(
    'some words\r\n'.repeat(SIEVE_LIMITS.bodyBytes / 10),
    'the end\r\n',
  )
  const result = attempt('if body :text :contains "the end" { discard; }', { mail })
  assert.ok(result.implicitKeep)
  measured('a body of 5 MB', `${SIEVE_LIMITS.bodyBytes} octets looked at, ${result.usage.steps} steps`)
})

test('10,000 addresses in To and a rule for each of 64 people', () => {
  const to = Array.from({ length: 10_000 }, (_, i) => `person${i}@example.org`).join(',\r\n ')
  const keys = Array.from({ length: 64 }, (_, i) => `"nobody${i}@example.net"`).join(', ')
  const mail = `From: a@b.example\r\nTo: ${to}\r\n\r\nx\r\n`
  const is = attempt(`if address "To" [${keys}] { discard; }`, { mail })
  assert.equal(is.status, 'ok')
  const contains = attempt(`if address :contains "To" [${keys}] { discard; }`, { mail })
  assert.equal(contains.error?.code, 'limit-steps')
  measured('10,000 addresses × 64 keys', `:is ${is.usage.steps} steps, :contains ${contains.usage.steps}`)
  const vacation = attempt('vacation "gone";', { mail })
  assert.equal(vacation.status, 'ok')
  measured('vacation to a message of 10,000 addresses', `${vacation.usage.steps} steps`)
})

test('patterns and wildcards that never end elsewhere', () => {
  const mail = `Subject: ${'a'.repeat(30_000)}\r\n\r\nx\r\n`
  for (const one of [
    'header :regex "Subject" "^(a|a)*$b"',
    'header :regex "Subject" "(a|aa)+$b"',
    'header :matches "Subject" "*a*a*a*a*a*a*a*a*a*a*b"',
  ]) {
    const result = attempt(`if ${one} { discard; }`, { mail })
    assert.ok(result.status === 'ok' && result.implicitKeep, result.error?.message)
    measured(one, `${result.usage.steps} steps`)
  }
  assert.ok(codesOf('if header :regex "Subject" "(a)\\\\1" { keep; }').includes('pattern'), 'a back reference')
  assert.ok(codesOf('if header :regex "Subject" "(?=a)" { keep; }').includes('pattern'), 'looking ahead')
  assert.notDeepEqual(codesOf('if header :regex "Subject" "((a{1,99}){1,99}){1,99}" { keep; }'), [])
})

test('no text of a script or message adds a field', async () => {
  const evil = 'x\r\nBcc: evil@example.net'
  const mail = MAIL.replace('Subject: Hello', 'Subject: =?utf-8?q?x=0D=0ABcc:_evil@example.net?=')
  const scripts = [
    `addheader "X-A" text:\n${evil}\n.\n; redirect "r@example.net";`,
    `vacation :subject text:\n${evil}\n.\n "gone";`,
    'if header :matches "Subject" "*" { vacation :subject "${1}" "gone"; }',
    'vacation "gone";',
    `vacation :mime text:\nBcc: evil@example.net\nContent-Type: text/plain\n\ngone\n.\n;`,
    'notify "mailto:n@example.net?subject=x%0d%0aBcc:%20evil@example.net";',
    'notify "mailto:n@example.net?bcc=evil@example.net&from=evil@example.net&x-a=b%0d%0aBcc:%20evil@example.net";',
    'if header :matches "Subject" "*" { notify :message "${1}" "mailto:n@example.net"; }',
    `reject text:\n${evil}\n\nBcc: evil@example.net\n.\n;`,
  ]
  for (const script of scripts) {
    const { submission } = await carriedOut(script, { mail })
    for (const { content } of submission.sent) {
      assert.doesNotMatch(headerOf(content), /^bcc:/im, script)
      assert.doesNotMatch(headerOf(content), /\r(?!\n)|(?<!\r)\n|\0/, script)
    }
    assert.ok(
      submission.sent.every(({ address }) => !address.includes('evil')),
      script,
    )
  }
  const from = attempt(`set "f" text:\n${evil}\n.\n; vacation :from "\${f}" "gone";`)
  assert.equal(from.error?.code, 'address')
  measured('injection of fields', `${scripts.length} ways, none`)
})

test('names of scripts and mailboxes lead nowhere', () => {
  for (const name of ['../other', '/etc/passwd', 'a/b', '..', '.', 'a\\\\b', ''])
    assert.ok(codesOf(`include "${name}";`).includes('script-name'), name)
  assert.ok(codesOf('set "n" "../x"; include "${n}";').includes('not-literal'))
  for (const name of ['a\nb', '', 'x'.repeat(1001)]) assert.notDeepEqual(codesOf(`fileinto "${name}";`), [], name)
  for (const value of ['""', 'text:\na\nb\n.\n']) {
    const late = attempt(`set "n" ${value}; fileinto "\${n}";`)
    assert.deepEqual([late.status, late.implicitKeep], ['error', true])
  }
})

test('one message makes a bounded number of messages', () => {
  const notifies = Array.from({ length: 6 }, (_, i) => `notify "mailto:n${i}@example.net";`).join('')
  const vacations = Array.from({ length: 3 }, (_, i) => `vacation :handle "${i}" "gone";`).join('')
  const redirects = Array.from({ length: 6 }, (_, i) => `redirect "r${i}@example.net";`).join('')
  for (const [script, code] of [
    [notifies, 'limit-notifies'],
    [vacations, 'limit-vacations'],
    [redirects, 'limit-redirects'],
  ] as const) {
    const result = attempt(script)
    assert.deepEqual([result.status, result.error?.code, result.implicitKeep], ['limit', code, true])
  }
  const many = Array.from({ length: 40 }, (_, i) => `n${i}@example.net`).join(',')
  assert.ok(codesOf(`notify "mailto:${many}";`).length > 0, 'a notification to 40 people')
  const { notifies: n, vacations: v, redirects: r } = SIEVE_LIMITS
  measured('messages one run can make', `${n} notifications, ${v} replies, ${r} redirects`)
})

test('names that every object has are names like others', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    assert.ok(holds(`string "\${${name}}" ""`), name)
    const set = attempt(`set "${name}" "v"; if string "\${${name}}" "v" { discard; }`)
    assert.equal(set.implicitKeep, false, name)
    assert.ok(holds(`header "${name}" "x"`, { mail: `${name}: x\r\n\r\n` }), name)
    assert.ok(!holds(`exists "${name}"`), name)
    assert.ok(!holds(`environment :contains "${name}" ""`), name)
    assert.ok(codesOf(`if envelope "${name}" "" { keep; }`).includes('envelope-part'), name)
    assert.notDeepEqual(codesOf(`set "${name}.${name}" "";`), [], name)
    assert.ok(codesOf(`if header :comparator "${name}" "a" "b" { keep; }`).includes('unknown-comparator'), name)
    assert.notDeepEqual(codesOf(`if header :${name} "a" "b" { keep; }`), [], name)
    assert.notDeepEqual(codesOf(`${name};`), [], name)
  }
  assert.equal(({} as Record<string, unknown>)['v'], undefined)
})

test('numbers beyond 2^53 are refused, or compared to the last digit', () => {
  assert.ok(codesOf('if size :over 9007199254740993 { keep; }').includes('number-too-large'))
  assert.ok(codesOf('if size :over 99999999G { keep; }').includes('number-too-large'))
  const one = ':comparator "i;ascii-numeric" "9007199254740993"'
  assert.ok(!holds(`string :is ${one} "9007199254740992"`))
  assert.ok(holds(`string :value "gt" ${one} "9007199254740992"`))
  assert.ok(!holds('header :index 9007199254740991 :contains "Subject" "e"'))
  const [action] = attempt('vacation :days 99999999 "gone";').actions
  assert.ok(action !== undefined && 'seconds' in action.args && action.args.seconds <= 400 * 86_400)
})

test('ten thousand fields deleted, and fields added in every turn of a loop', () => {
  const fields = `${'X-A: v\r\n'.repeat(10_000)}\r\nx\r\n`
  const deleted = attempt('deleteheader "X-A";', { mail: fields })
  assert.ok(deleted.status === 'ok' || deleted.error?.code === 'limit-header-edits', deleted.error?.code)
  measured('deleting 10,000 fields', `${deleted.status}, ${deleted.usage.steps} steps`)
  const parts = `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(1000)}--b--\r\n`
  const added = attempt('foreverypart { addheader "X-A" "v"; }', { mail: parts })
  assert.equal(added.error?.code, 'limit-header-edits')
  assert.equal(added.headerEdits.length, 0, 'edits of a run that failed do not count')
  assert.equal(attempt(`addheader "X-A" "${'v'.repeat(3000)}";`).error?.code, 'limit-header-bytes')
})

test('a script of many mistakes, of many tokens, of deep nesting', () => {
  const mistakes = 'nonsense "x"; '.repeat(5000)
  assert.ok(codesOf(mistakes).length <= SIEVE_LIMITS.diagnostics + 1)
  assert.ok(codesOf('#'.repeat(SIEVE_LIMITS.scriptBytes)).includes('limit-script-bytes'))
  assert.ok(codesOf('if true { '.repeat(10_000)).includes('limit-block-nesting'))
  assert.ok(codesOf(`if ${'not '.repeat(10_000)} true { keep; }`).includes('limit-test-nesting'))
  assert.ok(codesOf(`if ${'anyof ('.repeat(10_000)}`).includes('limit-test-nesting'))
  assert.ok(codesOf(`keep ${'"x" '.repeat(10_000)};`).includes('limit-arguments'))
})

test('an answer that is "later" ends the run as deferred, without an action', () => {
  const result = attempt('fileinto "A"; if mailboxexists "B" { keep; }', {
    host: { 'sieve.mailbox': () => ({ kind: 'defer', cause: 'the store is away' }) },
  })
  assert.equal(result.status, 'deferred')
  assert.ok(result.implicitKeep)
})

test('the stopwatch and the signal end a run', () => {
  let ms = 0
  const slow = attempt('if header :contains "Subject" "x" { keep; } '.repeat(2000), { stopwatch: () => (ms += 1500) })
  assert.equal(slow.error?.code, 'limit-wall-ms')
  const aborted = attempt('if header :contains "Subject" "x" { keep; } '.repeat(2000), { signal: AbortSignal.abort() })
  assert.equal(aborted.status, 'aborted')
  assert.ok(aborted.implicitKeep)
})
