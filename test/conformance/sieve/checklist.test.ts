// SPDX-License-Identifier: Apache-2.0
/**
 * Proves: what a runner of suites written in Sieve needs of the engine (spec sieve-engine.md 1.8), line by line, by the
 * public entry alone. The plug-in that the suites use, suite-extension.ts, is such a runner.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, describe, test } from 'node:test'
import {
  hostOf,
  type IncludeStore,
  mockServices,
  SieveEngine,
  SieveMessage,
  STANDARD_EXTENSIONS,
} from '../../../src/sieve/index.ts'
import { runSuite, type SuiteOutcome } from './run-suite.ts'
import { suiteExtension } from './suite-extension.ts'
import { SuiteState } from './suite-state.ts'

const folder = mkdtempSync(join(tmpdir(), 'sieve-checklist-'))
after(() => rmSync(folder, { recursive: true }))

const suite = (body: string, extensions = ''): Promise<SuiteOutcome> =>
  runSuite('suite', `require ["vnd.dovecot.testsuite", "variables"${extensions}];\n${body}`, folder)

/** The suite runs to its end and none of its tests fails. */
async function passes(body: string, extensions = ''): Promise<void> {
  const { tests, trouble } = await suite(body, extensions)
  assert.equal(trouble, undefined)
  assert.deepEqual(
    tests.filter(({ failure }) => failure !== undefined),
    [],
  )
  assert.ok(tests.length > 0)
}

test('nothing but the public entry is used', () => {
  for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts'))) {
    const from = [...readFileSync(join(import.meta.dirname, file), 'utf8').matchAll(/from '([^']+src\/[^']+)'/g)]
    for (const [, path] of from) assert.equal(path, '../../../src/sieve/index.ts', file)
  }
})

describe('1 registering', () => {
  test('15 commands and 6 tests at least, some as both', () => {
    const extension = suiteExtension(new SuiteState(folder), () => assert.fail())
    const words = extension.words ?? []
    assert.ok(words.filter(({ kind }) => kind !== 'test').length >= 15)
    assert.ok(words.filter(({ kind }) => kind !== 'command').length >= 6)
    assert.equal(words.find(({ name }) => name === 'test_message')?.kind, 'both')
  })
  test('a word that is both', () =>
    passes('test "t" { if test_message :folder "INBOX" 0 { test_fail "nothing there"; } }'))
  test('`test` stands at top level only', async () => {
    const { trouble } = await suite('test "outer" {\n  test "inner" { }\n}')
    assert.match(trouble ?? '', /^suite:3:3: error: test must stand outside of any block/)
  })
})

test('2 index, match type and comparator; by default i;octet', () =>
  passes(
    `test "t" {
       test_script "s" "bogus; nonsense;";
       if test_script_compile "s" { test_fail "compiled"; }
       if not test_error :index 2 :matches "*nonsense*" { test_fail "second"; }
       if test_error :index 2 :matches "*bogus*" { test_fail "not the first"; }
       if test_error :matches "*BOGUS*" { test_fail "i;octet"; }
       if not test_error :comparator "i;ascii-casemap" :contains "BOGUS" { test_fail "comparator"; }
       if not test_error :count "eq" :comparator "i;ascii-numeric" "2" { test_fail "count"; }
       if not test_error :index 1 :last :contains "nonsense" { test_fail "last"; }
     }`,
    ', "index", "relational", "comparator-i;ascii-numeric"',
  ))

test('3 an argument that must be literal', async () => {
  const { trouble } = await suite('set "x" "message";\ntest_set "${'.concat('x}" "y";'))
  assert.match(trouble ?? '', /^suite:3:10: error: variable must be known beforehand/)
})

test('4 a namespace that is read only', async () => {
  await passes('test "t" { if string "${'.concat('tst.path}" "" { test_fail "empty"; } }'))
  const { trouble } = await suite('set "tst.path" "y";')
  assert.match(trouble ?? '', /^suite:2:5: error: tst.path cannot be changed/)
})

describe('5 ending from the inside', () => {
  test('a block, and the script goes on', async () => {
    const { tests, trouble } = await suite('test "a" { if true { test_fail "why"; } }\ntest "b" { }')
    assert.equal(trouble, undefined)
    assert.deepEqual(
      tests.map(({ name, failure }) => [name, failure]),
      [
        ['a', 'why'],
        ['b', undefined],
      ],
    )
  })

  test('a program, and the outer one is told', async () => {
    const token = { end: 'here' }
    let told: unknown
    const engine: SieveEngine = new SieveEngine({
      extensions: [
        ...STANDARD_EXTENSIONS,
        {
          name: '',
          words: [
            { name: 'x_end', kind: 'command', execute: (ctx) => ctx.interrupt(token) },
            {
              name: 'x_run',
              kind: 'command',
              execute(ctx) {
                const inner = engine.compile('if true { x_end; } discard;')
                const result = inner.ok ? ctx.runProgram(inner.program) : assert.fail()
                told = result
                return undefined
              },
            },
          ],
        },
      ],
    })
    const { program } = engine.compile('x_run; keep;')
    assert.ok(program !== undefined)
    const result = await engine
      .createRun(program, { message: SieveMessage.parse(Buffer.from('\r\n')) })
      .execute(hostOf(mockServices(() => 0)))
    assert.deepEqual(
      result.actions.map(({ kind }) => kind),
      ['keep'],
    )
    assert.ok(typeof told === 'object' && told !== null && 'status' in told && 'token' in told && 'actions' in told)
    assert.deepEqual([told.status, told.token, told.actions], ['interrupted', token, []])
  })
})

test('6 message and envelope replaced between two statements are seen at once', () =>
  passes(
    `test "t" {
       test_set "message" "Subject: one\\r\\n\\r\\nfirst\\r\\n";
       if not header "subject" "one" { test_fail "header 1"; }
       if not body :contains "first" { test_fail "body 1"; }
       test_set "message" "Subject: two\\r\\nContent-Type: text/x-two\\r\\n\\r\\n${'second '.repeat(20)}\\r\\n";
       if not header "subject" "two" { test_fail "header 2"; }
       if body :contains "first" { test_fail "body 2"; }
       if not body :raw :contains "second" { test_fail "body 2"; }
       if not size :over 100 { test_fail "size"; }
       if not header :mime :contenttype "content-type" "text/x-two" { test_fail "mime"; }
       test_set "envelope.from" "new@example.org";
       if not envelope "from" "new@example.org" { test_fail "envelope"; }
     }`.replaceAll('\\r\\n', '\r\n'),
    ', "body", "mime", "envelope"',
  ))

test('7 actions by name and order, executed, and executed again after more', () =>
  passes(
    `test "t" {
       test_mailbox_create "a";
       test_script "one" "require \\"fileinto\\"; fileinto \\"a\\"; redirect \\"x@example.org\\";";
       test_script_compile "one"; test_script_run;
       if not test_result_action :index 1 "store" { test_fail "first"; }
       if not test_result_action :index 2 "redirect" { test_fail "second"; }
       if not test_result_action :count "eq" :comparator "i;ascii-numeric" "2" { test_fail "number"; }
       test_result_execute;
       test_result_execute;
       if test_message :smtp 1 { test_fail "sent twice"; }
       test_script "two" "redirect \\"y@example.org\\";";
       test_script_compile "two"; test_script_run :append_result; test_result_execute;
       if not test_message :smtp 1 { test_fail "not sent"; }
       if not envelope "to" "y@example.org" { test_fail "another"; }
     }`,
    ', "index", "relational", "comparator-i;ascii-numeric", "envelope"',
  ))

test('8 what was sent or stored is the message again, with envelope or flags', () =>
  passes(
    `test "t" {
       test_set "message" "From: a@example.org\r\nTo: b@example.org\r\nSubject: again\r\n\r\n";
       test_mailbox_create "f";
       test_script "s" "require [\\"fileinto\\", \\"imap4flags\\", \\"copy\\"]; redirect :copy \\"c@example.net\\";
         fileinto :flags \\"\\\\\\\\Seen\\" \\"f\\";";
       test_script_compile "s"; test_script_run; test_result_execute;
       test_message :smtp 0;
       if not envelope "to" "c@example.net" { test_fail "envelope"; }
       if not header "subject" "again" { test_fail "sent"; }
       test_message :folder "f" 0;
       if not hasflag "\\\\Seen" { test_fail "flags"; }
     }`,
    ', "envelope", "imap4flags"',
  ))

test('9 a file to a list of errors; the program before is kept when it fails', async () => {
  writeFileSync(join(folder, 'bad.sieve'), 'keeep;\nheader "a";\n')
  writeFileSync(join(folder, 'good.sieve'), 'discard;\n')
  await passes(
    `test "t" {
       test_script_compile "good.sieve";
       if test_script_compile "bad.sieve" { test_fail "compiled"; }
       if not test_error :count "eq" :comparator "i;ascii-numeric" "2" { test_fail "errors"; }
       if not test_error :index 2 :contains "header is a test" { test_fail "second"; }
       if test_script_compile "missing.sieve" { test_fail "there is none"; }
       test_script_run;
       if not test_result_action "discard" { test_fail "the program before"; }
     }`,
    ', "index", "relational", "comparator-i;ascii-numeric"',
  )
})

test('10 the configuration of one extension changes in mid-script', () =>
  passes(
    `test_set "message" "To: a/b@example.org\r\n\r\n";
     test "t" {
       if address :detail "to" "b" { test_fail "before"; }
       test_config_set "subaddress" "{\\"separators\\": [\\"/\\"]}";
       test_config_reload :extension "subaddress";
       if not address :detail "to" "b" { test_fail "after"; }
     }`,
    ', "subaddress"',
  ))

describe('11 chains and includes', () => {
  test('a chain of scripts', () =>
    passes(`test "t" {
       test_script "a" "require \\"editheader\\"; addheader \\"X-A\\" \\"1\\";";
       test_script "b" "if header \\"x-a\\" \\"1\\" { discard; }";
       if not test_multiscript ["a", "b"] { test_fail "failed"; }
       if not test_result_action "discard" { test_fail "the edit went"; }
     }`))

  const included: IncludeStore = {
    read: (location, name) => {
      const path = join(folder, location, `${name}.sieve`)
      try {
        return { kind: 'found', value: readFileSync(path, 'utf8') }
      } catch {
        return { kind: 'absent' }
      }
    },
  }
  for (const [name, includes] of [
    ['from a folder', included],
    ['from a table', { read: () => ({ kind: 'found', value: 'discard;' }) } satisfies IncludeStore],
  ] as const)
    test(`scripts ${name}`, async () => {
      mkdirSync(join(folder, 'global'), { recursive: true })
      writeFileSync(join(folder, 'global', 'x.sieve'), 'discard;')
      const engine = new SieveEngine({ extensions: STANDARD_EXTENSIONS })
      const { program } = engine.compile('require "include"; include :global "x";')
      assert.ok(program !== undefined)
      const services = { ...mockServices(() => 0), includes: { read: includes.read } }
      const result = await engine
        .createRun(program, { message: SieveMessage.parse(Buffer.from('\r\n')) })
        .execute(hostOf(services))
      assert.deepEqual(
        result.actions.map(({ kind }) => kind),
        ['discard'],
      )
    })
})

test('12 mailboxes, annotations and lists by the services', () =>
  passes(
    `test "t" {
       if mailboxexists "m" { test_fail "before"; }
       test_mailbox_create "m";
       if not mailboxexists "m" { test_fail "mailbox"; }
       test_imap_metadata_set :mailbox "m" "/private/x" "y";
       if not metadata "m" "/private/x" "y" { test_fail "annotation"; }
       test_list "urn:x" ["a@example.org"];
       test_set "message" "From: a@example.org\r\n\r\n";
       if not address :list "from" "urn:x" { test_fail "list"; }
     }`,
    ', "mailbox", "mboxmetadata", "extlists"',
  ))

describe('13 a compiled program is saved and loaded', () => {
  test('in a suite', () =>
    passes(`test "t" {
       test_script "s" "discard;"; test_script_compile "s"; test_binary_save "file";
       test_script "other" "keep;"; test_script_compile "other"; test_binary_load "file"; test_script_run;
       if not test_result_action "discard" { test_fail "another program"; }
     }`))
  test('one of another engine is stale, what was not saved is told', () => {
    const engine = new SieveEngine({ extensions: STANDARD_EXTENSIONS })
    const smaller = new SieveEngine({ extensions: STANDARD_EXTENSIONS.slice(0, -1) })
    const { program } = engine.compile('keep;', { level: 'user' })
    assert.ok(program !== undefined)
    const saved = engine.save(program)
    assert.equal(engine.load(saved)?.stale, false)
    assert.equal(engine.load(saved)?.program?.level, 'user')
    assert.equal(smaller.load(saved)?.stale, true)
    for (const junk of ['', 'null', '[]', '{"version":0}', saved.slice(1)]) assert.equal(engine.load(junk), undefined)
  })
})

test('14 132 suites in one process, in any order, at the same time', async () => {
  const files = ['rfc5229-variables.svtest', 'rfc5490-mailbox.svtest', 'rfc3894-5429-copy-reject.svtest']
  const sources = files.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  const alone: SuiteOutcome[] = []
  for (const source of sources) alone.push(await runSuite(basename('alone'), source, import.meta.dirname))
  const together = await Promise.all(
    Array.from({ length: 132 }, (_, i) => runSuite('alone', sources[(i * 7) % 3] ?? '', import.meta.dirname)),
  )
  for (const [i, outcome] of together.entries()) assert.deepEqual(outcome, alone[(i * 7) % 3])
})

test('the public entries are loaded by their names, as a package is', async () => {
  const sieve: object = await import('postern/sieve')
  const mapping: object = await import('postern/mapping')
  assert.ok('SieveEngine' in sieve && 'runMapping' in mapping)
  // A module with such a name is taken for a promise by whoever loads it late.
  assert.ok(!('then' in sieve) && !('then' in mapping))
})
