// SPDX-License-Identifier: Apache-2.0
/** Proves: the private words of spec filters.md 4 and 5, on the public entry alone; levels; requires; verdicts. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Action,
  LEVEL_LIMITS,
  SIEVE_LEVELS,
  SITE_EXTENSIONS,
  SieveEngine,
  type SieveEnvironment,
  type SieveHost,
  type SieveLevel,
  SieveMessage,
  type SieveRunResult,
  taggedSubject,
  verdictOf,
} from '../index.ts'
import { adjustmentIn } from './spamadjust.ts'

const engine = new SieveEngine({ extensions: SITE_EXTENSIONS })
const MAIL = 'From: a@example.org\r\nTo: kim@example.net\r\nSubject: Hi\r\nX-Old: 1\r\nX-Old: 2\r\n\r\nBody\r\n'

const codesOf = (script: string, level: SieveLevel): readonly string[] =>
  engine.compile(script, { level, limits: LEVEL_LIMITS[level] }).diagnostics.map(({ code }) => code)

function run(
  script: string,
  options: { level?: SieveLevel; host?: SieveHost; mail?: string } & Partial<SieveEnvironment> = {},
): SieveRunResult {
  const { level = 'system', host = {}, mail = MAIL, ...environment } = options
  const compiled = engine.compile(script, { level, limits: LEVEL_LIMITS[level] })
  assert.ok(compiled.ok, JSON.stringify(compiled.diagnostics))
  const result = engine
    .createRun(compiled.program, {
      message: SieveMessage.parse(Buffer.from(mail)),
      limits: LEVEL_LIMITS[level],
      ...environment,
    })
    .execute({ 'sieve.score': () => ({ kind: 'absent' }), ...host })
  assert.ok(!(result instanceof Promise))
  return result
}

const short = ({ kind, args }: Action): unknown => (Object.keys(args).length === 0 ? kind : [kind, args])

describe('levels', () => {
  const table: readonly (readonly [script: string, ...allowed: SieveLevel[]])[] = [
    ['jettison;', 'system'],
    ['refuse "no";', 'system'],
    ['hold;', 'system'],
    ['addtag "[x]";', 'user', 'domain', 'system'],
    ['addheader "X-A: b";', 'user', 'domain', 'system'],
    ['addprefix "p";', 'system'],
    ['addconversiontag "a";', 'system'],
    ['setconversiontag ["a", "b"];', 'system'],
    ['require "envelope"; if envelope "conversiontag" "a" { stop; }', 'system'],
    ['require "spamtest"; spamadjust "1";', 'user', 'domain', 'system'],
    ['novacation;', 'system'],
    ['transactionlog "t";', 'system'],
    ['debug "t";', 'system'],
    ['warn "t";', 'system'],
    ['loglevel 1;', 'system'],
    ['redirect :noresent "a@example.org";', 'user', 'domain', 'system'],
    ['require "vacation"; vacation :hours 3 "away";', 'user', 'domain', 'system'],
    ['require "editheader"; replaceheader :newvalue "n" "X-Old";', 'user', 'domain', 'system'],
    ['require "fileinto"; fileinto "A";', 'user', 'system'],
  ]
  for (const [script, ...allowed] of table)
    test(script, () => {
      for (const level of SIEVE_LEVELS)
        assert.equal(codesOf(script, level).length === 0, allowed.includes(level), level)
    })

  test('what a level does not have is told of as such, with its place', () => {
    const { diagnostics } = engine.compile('if true { jettison; }', { level: 'user' })
    assert.deepEqual(
      diagnostics.map(({ code, line, column, message }) => [code, line, column, message]),
      [['not-allowed', 1, 11, 'jettison is not allowed in a user script']],
    )
    assert.deepEqual(codesOf('require "fileinto"; fileinto "A";', 'domain'), ['not-allowed', 'not-allowed'])
    assert.deepEqual(codesOf('require "vnd.sun.hold";', 'user'), ['not-allowed'])
  })

  test('ihave says no for what the level does not have', () => {
    const script = 'require "ihave"; if ihave "jettison" { jettison; } else { keep; }'
    assert.deepEqual(run(script).actions.map(short), ['jettison'])
    assert.deepEqual(run(script, { level: 'user' }).actions.map(short), ['keep'])
  })

  test('capabilities are those of the level, the private ones left out', () => {
    assert.ok(engine.capabilities('user').includes('fileinto'))
    assert.ok(!engine.capabilities('domain').includes('fileinto'))
    assert.ok(!engine.capabilities().some((name) => name.startsWith('vnd.sun.')))
  })
})

describe('require', () => {
  for (const name of ['hold', 'vnd.sun.hold', 'addheader', 'vnd.sun.addtag'])
    test(name, () => assert.deepEqual(codesOf(`require "${name}"; hold; addheader "A: b"; addtag "t";`, 'system'), []))
  test('spamadjust needs that of spamtest', () =>
    assert.deepEqual(codesOf('spamadjust "1";', 'system'), ['missing-require']))
  test('addheader with two strings and replaceheader need that of editheader', () => {
    assert.deepEqual(codesOf('addheader "A" "b";', 'user'), ['missing-require'])
    assert.deepEqual(codesOf('replaceheader :newvalue "b" "A";', 'user'), ['missing-require'])
  })
})

describe('what they do', () => {
  test('jettison cancels the implicit keep, twice is once', () => {
    const { actions, implicitKeep } = run('jettison; jettison;')
    assert.deepEqual(actions.map(short), ['jettison'])
    assert.equal(implicitKeep, false)
  })

  test('refuse cannot stand beside a delivery', () => {
    assert.deepEqual(run('refuse "no";').actions.map(short), [['refuse', { reason: 'no' }]])
    assert.equal(run('keep; refuse "no";').error?.code, 'action-conflict')
    assert.equal(run('refuse "a"; refuse "b";').error?.code, 'action-conflict')
  })

  test('hold decides nothing', () => {
    const { actions, implicitKeep } = run('hold;')
    assert.deepEqual(actions.map(short), ['hold'])
    assert.equal(implicitKeep, true)
    assert.equal(verdictOf(actions), undefined)
  })

  test('addtag takes spaces and no |', () => {
    assert.deepEqual(run('addtag "[two words]";').actions.map(short), [['addtag', { tag: '[two words]' }]])
    assert.deepEqual(codesOf('addtag "a|b";', 'system'), ['tag'])
    const variable = `require "variables"; set "t" "a|b"; addtag "\${t}";`
    assert.equal(run(variable).error?.code, 'tag')
    assert.equal(run('addtag "a";'.repeat(51)).error?.code, 'limit-addtags')
  })

  test('taggedSubject', () => {
    assert.equal(taggedSubject('Hi', ['[a b]', '[c]']), '[a b] [c] Hi')
    assert.equal(taggedSubject('[a] Hi', ['[a]', '[c]', '[c]']), '[c] [a] Hi')
    assert.equal(taggedSubject('', ['[a]']), '[a]')
  })

  test('addheader with one string', () => {
    assert.match(run('addheader "X-Two: a b";').message.bytes().toString(), /^X-Two: a b\r\nFrom:/)
    assert.deepEqual(codesOf('addheader "no colon";', 'user'), ['header-name'])
    const evil = run('addheader text:\r\nX-A: b\r\nX-Evil: c\r\n.\r\n;').message
    assert.equal(evil.fieldsNamed('x-evil').length, 0)
  })

  test('replaceheader', () => {
    const script = 'require "editheader"; replaceheader :newname "X-New" :newvalue "n" :contains "X-Old" "2";'
    const { message } = run(script)
    assert.deepEqual(
      message.fieldsNamed('x-new').map(({ value }) => value),
      ['n'],
    )
    assert.deepEqual(
      message.fieldsNamed('x-old').map(({ value }) => value),
      ['1'],
    )
    const all = run('require "editheader"; replaceheader :newname "X-New" "X-Old";').message
    assert.deepEqual(
      all.fieldsNamed('x-new').map(({ value }) => value),
      ['1', '2'],
    )
    const kept = run('require "editheader"; replaceheader :newvalue "n" "Received";')
    assert.equal(kept.log[0]?.code, 'header-protected')
  })

  test('addprefix', () => {
    const { message } = run('addprefix "Caution. ";')
    assert.equal(message.replaced, true)
    assert.match(message.bytes().toString(), /\r\n\r\nCaution\. Body\r\n/)
    const parts = `MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/png\r\n\r\nx\r\n--b\r\n\r\ntext\r\n--b--\r\n`
    assert.match(
      run('addprefix "P:";', { mail: parts }).message.bytes().toString(),
      /image\/png\r\n\r\nx\r\n--b\r\n[\s\S]*P:text/,
    )
    const none = run('addprefix "P:";', { mail: 'Content-Type: text/html\r\n\r\n<p>' })
    assert.equal(none.message.replaced, false)
  })

  test('conversion tags; the test sees those there were before', () => {
    const others = new Map([['conversiontag', ['one', 'two']]])
    const script = `require ["envelope", "relational", "comparator-i;ascii-numeric"];
      setconversiontag "three"; addconversiontag ["four", "five"];
      if envelope "conversiontag" "three" { stop; }
      if envelope :count "eq" :comparator "i;ascii-numeric" "conversiontag" "2" { discard; }`
    assert.deepEqual(run(script, { envelope: { others } }).actions.map(short), [
      ['setconversiontag', { tags: ['three'] }],
      ['addconversiontag', { tags: ['four', 'five'] }],
      'discard',
    ])
    assert.equal(run('addconversiontag "a,b";').error?.code, 'tag')
  })

  test('novacation and transactionlog are actions that deliver nothing', () => {
    const { actions, implicitKeep } = run('novacation; transactionlog "a\r\nb";')
    assert.deepEqual(actions.map(short), ['novacation', ['transactionlog', { text: 'a b' }]])
    assert.equal(implicitKeep, true)
  })

  test('debug, warn, loglevel', () => {
    const told = (script: string) => run(script).log.map(({ severity, message }) => `${severity} ${message}`)
    assert.deepEqual(told('debug "d"; warn "w";'), ['info d', 'warning w'])
    assert.deepEqual(told('loglevel 1; debug "d"; warn "w";'), ['warning w'])
    assert.deepEqual(told('loglevel 0; debug "d"; warn "w";'), [])
  })

  test('redirect :resent and :noresent; without them it is resent', () => {
    const resent = (script: string) =>
      run(script).actions.map(({ args }) => ('resent' in args ? args.resent : undefined))
    const script = 'redirect "a@example.org"; redirect :resent "b@example.org"; redirect :noresent "c@example.org";'
    assert.deepEqual(resent(script), [true, true, false])
    assert.deepEqual(codesOf('redirect :resent :noresent "a@example.org";', 'user'), ['exclusive-tags'])
  })

  test('vacation :hours', () => {
    const [action] = run('require "vacation"; vacation :hours 3 "away";', { level: 'user' }).actions
    assert.equal(action !== undefined && 'seconds' in action.args && action.args.seconds, 10_800)
    assert.deepEqual(codesOf('require "vacation"; vacation :hours 3 :days 1 "away";', 'user'), ['exclusive-tags'])
  })

  test('escapes in quoted strings, with encoded-character alone', () => {
    const script = (required: string): string => `require ["reject"${required}]; reject "a\\tb\\r\\nc\\\\n\\q";`
    const reason = (required: string) =>
      run(script(required)).actions.map(({ args }) => 'reason' in args && args.reason)
    assert.deepEqual(reason(', "encoded-character"'), ['a\tb\r\nc\\nq'])
    assert.deepEqual(reason(''), ['atbrnc\\nq'])
  })

  test('environment items', () => {
    const items = new Map([
      ['vnd.sun.source-channel', 'tcp_local'],
      ['vnd.oracle.last-verdict', 'keep'],
    ])
    const script = `require "environment"; if environment "vnd.sun.source-channel" "tcp_local" { discard; }
      if environment "vnd.sun.destination-channel" "" { keep; }`
    assert.deepEqual(run(script, { items }).actions.map(short), ['discard'])
    const verdict = 'require "environment"; if environment "vnd.oracle.last-verdict" "keep" { stop; }'
    const compiled = engine.compile(verdict, { level: 'system' })
    assert.equal(compiled.program?.perRecipient, true)
  })
})

describe('score', () => {
  for (const [text, want] of [
    ['12.5', 12.5],
    ['score=-3 of 5', -3],
    ['+.5', 0.5],
    ['none', 0],
    ['', 0],
    ['9'.repeat(400), 1_000_000],
  ] as const)
    test(`adjustmentIn ${text.slice(0, 20)}`, () => assert.equal(adjustmentIn(text), want))

  const reaches = (adjust: string, test_: string, host: SieveHost = {}): boolean =>
    run(
      `require ["spamtest", "spamtestplus", "relational", "comparator-i;ascii-numeric"]; ${adjust} if ${test_} { discard; }`,
      {
        host,
      },
    ).actions.some(({ kind }) => kind === 'discard')

  const table: readonly (readonly [adjust: string, value: string])[] = [
    ['spamadjust "4.4";', '4'],
    ['spamadjust "4.6";', '5'],
    ['spamadjust "-3";', '0'],
    ['spamadjust "27.7";', '10'],
    ['spamadjust "3"; spamadjust "-1.5";', '2'],
    ['', '0'],
  ]
  for (const [adjust, value] of table)
    test(`${adjust} is ${value}`, () =>
      assert.ok(reaches(adjust, `spamtest :value "eq" :comparator "i;ascii-numeric" "${value}"`)))

  test('the text is appended', () => assert.ok(reaches('spamadjust " 7 x";', 'spamtest :is "7 7 x"')))
  test('a text that begins with a digit does not run into the number', () =>
    assert.ok(reaches('spamadjust "7 x";', 'spamtest :is "7 7 x"')))
  test(':percent', () =>
    assert.ok(reaches('spamadjust "4.44";', 'spamtest :percent :value "eq" :comparator "i;ascii-numeric" "44"')))
  test('what the host knows counts', () =>
    assert.ok(
      reaches('spamadjust "1";', 'spamtest :value "eq" :comparator "i;ascii-numeric" "6"', {
        'sieve.score': () => ({ kind: 'found', value: { score: 5 } }),
      }),
    ))
  test('no test was made', () => assert.ok(reaches('', 'spamtest :count "eq" :comparator "i;ascii-numeric" "0"')))
})

describe('verdictOf', () => {
  for (const [script, want] of [
    ['keep;', 'keep'],
    ['discard;', 'discard'],
    ['stop;', undefined],
    ['require "fileinto"; fileinto "A";', 'fileinto'],
    ['require ["fileinto", "copy"]; fileinto :copy "A";', undefined],
    ['require "copy"; redirect :copy "a@example.org";', undefined],
    ['redirect "a@example.org";', 'redirect'],
    ['require "reject"; reject "no";', 'reject'],
    ['require "ereject"; ereject "no";', 'ereject'],
    ['refuse "no";', 'refuse'],
    ['jettison;', 'jettison'],
    ['addtag "t"; novacation; hold;', undefined],
    ['require ["fileinto", "copy"]; discard; fileinto :copy "A";', 'discard'],
  ] as const)
    test(script, () => assert.equal(verdictOf(run(script).actions)?.verdict, want))
})
