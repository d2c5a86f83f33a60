// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/** Proves: what is allowed and cannot be meant is told of as a warning, with its place; what may be meant is not. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SITE_EXTENSIONS, SieveEngine, type SieveExtension } from '../index.ts'

const OLD: SieveExtension = { name: 'old', deprecated: 'write "new"', words: [{ name: 'older', kind: 'command' }] }
const engine = new SieveEngine({ extensions: [...SITE_EXTENSIONS, OLD] })

/** `code: what it stands at`, in the order of the script. */
function warnings(source: string): readonly string[] {
  const { ok, diagnostics } = engine.compile(source)
  assert.ok(ok, JSON.stringify(diagnostics))
  assert.ok(diagnostics.every(({ severity }) => severity === 'warning'))
  return diagnostics.map(({ code, start, end }) => `${code}: ${source.slice(start, end)}`)
}

describe('unreachable', () => {
  for (const [source, ...want] of [
    ['stop; keep; discard;', 'unreachable: keep'],
    ['if true { stop; keep; } keep;', 'unreachable: keep'],
    ['require "include"; return; keep;', 'unreachable: keep'],
    ['require "ihave"; error "x"; keep;', 'unreachable: keep'],
    ['require "foreverypart"; foreverypart { break; keep; }', 'unreachable: keep'],
    ['if true { stop; } keep;'],
    ['keep; stop;'],
    // Rules that are turned off so, by programs and by people.
    ['if false { discard; }'],
  ])
    test(`${source}`, () => assert.deepEqual(warnings(source ?? ''), want))
})

describe('unused-require', () => {
  for (const [source, ...want] of [
    ['require ["fileinto", "copy"]; fileinto "a";', 'unused-require: "copy"'],
    ['require "variables"; if header :matches "subject" "*" { keep; }', 'unused-require: "variables"'],
    ['require ["variables", "fileinto"]; if header :matches "subject" "*" { fileinto "${1}"; }'],
    ['require "encoded-character"; if header "subject" "${hex:zz}" { keep; }', 'unused-require: "encoded-character"'],
    ['require "encoded-character"; if header "subject" "${hex:40}" { keep; }'],
    ['require "encoded-character"; if header :contains "subject" "a\\tb" { keep; }'],
    ['require "relational"; if header :count "gt" "to" "1" { keep; }'],
    ['require "comparator-i;ascii-numeric"; keep;', 'unused-require: "comparator-i;ascii-numeric"'],
    ['require ["comparator-i;octet"]; keep;'],
    ['require "subaddress"; if address :detail "to" "a" { keep; }'],
    ['require ["envelope", "envelope-dsn"]; if envelope "from" "a@b" { keep; }', 'unused-require: "envelope-dsn"'],
    ['require ["envelope", "envelope-dsn"]; if envelope "notify" "NEVER" { keep; }'],
    // What implies another is of use where the other one is.
    ['require "vacation-seconds"; vacation "away";'],
    ['require "spamtestplus"; if spamtest "1" { keep; }'],
    ['require ["spamtest", "spamtestplus"]; if spamtest :percent "1" { keep; }'],
    ['require "imap4flags"; keep :flags "a";'],
    ['require ["imap4flags", "variables"]; setflag "v" "a";'],
    ['require "ihave"; if ihave "copy" { redirect :copy "a@example.org"; }'],
    ['require "addheader"; keep;'],
  ])
    test(`${source}`, () => assert.deepEqual(warnings(source ?? ''), want))

  test('is not told of where there are mistakes: they may be why', () => {
    const { diagnostics } = engine.compile('require "copy"; redirct :copy "a@example.org";')
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['unknown-command'],
    )
  })
})

describe('never-matches', () => {
  for (const [test_, ...want] of [
    ['header :is "subject" ["a", " b"]', 'never-matches: " b"'],
    ['header :is "subject" "" '],
    ['header :contains "subject" " b"'],
    ['address :domain "from" "a@example.org"', 'never-matches: "a@example.org"'],
    ['address :domain :contains "from" "@example.org"', 'never-matches: "@example.org"'],
    ['address "from" "Kim <kim@example.org>"', 'never-matches: "Kim <kim@example.org>"'],
    ['address "from" "kim@example.org"'],
    ['address :localpart "from" "a@b"'],
    ['envelope :domain "from" "a@example.org"', 'never-matches: "a@example.org"'],
    ['envelope "from" ""'],
    ['envelope :domain ["from", "notify"] "a@example.org"'],
    ['currentdate "hour" ["7", "07"]', 'never-matches: "7"'],
    ['currentdate :comparator "i;ascii-numeric" "hour" "7"'],
    ['currentdate "weekday" "monday"', 'never-matches: "monday"'],
    ['date "date" "month" "13"', 'never-matches: "13"'],
    ['currentdate :value "ge" "hour" "7"'],
    ['currentdate "hour" "${x}"'],
  ])
    test(`${test_}`, () => {
      const require = '["envelope", "envelope-dsn", "date", "relational", "variables", "comparator-i;ascii-numeric"]'
      const used = warnings(`require ${require}; if ${test_} { keep; }`).filter((told) => !told.startsWith('unused'))
      assert.deepEqual(used, want)
    })
})

test('deprecated', () => assert.deepEqual(warnings('require "old"; older;'), ['deprecated: "old"']))
