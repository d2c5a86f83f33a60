// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { postern } from '../../cli/fixture.ts'
import { loadUsable } from '../../serve/usable.ts'
import { readTestFile } from './test-file.ts'

let folder = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-policy-'))
  await mkdir(join(folder, 'tests'))
  await writeFile(
    join(folder, 'postern.yaml'),
    'server: { hostname: mx.example.org }\nlisteners: { mx: { service: smtp, port: 25 } }\n',
  )
  await writeFile(
    join(folder, 'mappings'),
    'ORIG_SEND_ACCESS\n\n  tcp_local|*@spam.example|*|*   $NGo$ away\n\nFROM_ACCESS\n\n  *  $C$[dns_verify,dns_verify_ipv4,$0]$E\n',
  )
})
after(() => rm(folder, { recursive: true }))

const SESSION = 'session: { ip: 198.51.100.7, from: kim@spam.example, to: far@example.com }'

const FINE = `
- name: as it is
  ${SESSION}
  expect: refused
- name: by a row, named in each way
  ${SESSION}
  expect: { verdict: refused, by: 'mappings:3', reply: 550 5.7.1 Go away, source: tcp_local }
- { name: by table, ${SESSION}, expect: { by: ORIG_SEND_ACCESS } }
- { name: by what is written, ${SESSION}, expect: { by: 'tcp_local|*@spam.example|*|*  $NGo$ away' } }
- name: by setting
  session: { ip: 198.51.100.7, from: kim@example.net, to: far@example.com }
  expect: { by: channels.tcp_local.relay, recipients: { far@example.com: refused } }
- name: by stage
  session: { ip: 198.51.100.7, from: kim@example.net, to: far@example.com }
  expect: { by: relay guard }
- name: a session without mail
  session: { ip: 198.51.100.7 }
  expect: { verdict: accepted, reply: '250' }
`

async function run(text: string, ...args: readonly string[]) {
  await writeFile(join(folder, 'tests', 'relay.yaml'), text)
  return await postern(['test', folder, ...args])
}

test('tests that are fine', async () => {
  const { code, out, err } = await run(FINE, '--verbose')
  assert.equal(code, 0, out + err)
  assert.match(out, /^fine {3}tests\/relay\.yaml:2 {2}as it is$/m)
  assert.match(out, /^7 tests, all fine$/m)
})

test('a test that fails says what was expected, what came, and why', async () => {
  const { code, out } = await run(
    `- { name: wrong, ${SESSION}, expect: { verdict: accepted, by: 'mappings:4', reply: '250' } }`,
  )
  assert.equal(code, 1)
  assert.match(out, /FAILED tests\/relay\.yaml:1 {2}wrong\n {2}verdict\n {4}\+ expected accepted\n {4}- was {6}refused/)
  assert.match(out, /decided by\n {4}\+ expected mappings:4\n {4}- was {6}mappings:3/)
  assert.match(out, /ORIG_SEND_ACCESS asked "tcp_local\|kim@spam\.example/)
  assert.match(out, /1 test, 1 failed/)
  const { tests } = JSON.parse((await run(`- { name: wrong, ${SESSION}, expect: accepted }`, '--json')).out)
  assert.deepEqual(tests[0].differences, [{ what: 'verdict', expected: 'accepted', was: 'refused' }])
})

test('name servers say what the file says', async () => {
  const text = `
dns: { known.example: { A: [192.0.2.1] }, gone.example: {} }
tests:
  - { name: x, ${SESSION}, expect: { by: ORIG_SEND_ACCESS } }
`
  assert.equal((await run(text)).code, 0)
})

test('a configuration whose tests fail is not put to use', async () => {
  await run(FINE)
  assert.ok((await loadUsable(folder)).revision)
  await run(`- { name: wrong, ${SESSION}, expect: accepted }`)
  await assert.rejects(loadUsable(folder), { name: 'ConfigurationRefused', message: /wrong[\s\S]*expected accepted/ })
})

for (const [name, text, message] of [
  ['no YAML', 'a: [', /./],
  ['an unknown key', '- { name: a, session: { ip: 192.0.2.1 }, expects: x }', /a test has no `expects`/],
  ['an unknown verdict', '- { name: a, session: { ip: 192.0.2.1 }, expect: maybe }', /"maybe" is no verdict/],
  ['an unknown key of a session', '- { name: a, session: { ipp: 1 }, expect: refused }', /no "ipp"/],
  ['nothing to expect', '- { name: a, session: { ip: 192.0.2.1 }, expect: {} }', /nothing is expected/],
  ['no list', 'tests: 3', /`tests` is to be a list/],
  ['bad names', 'dns: { a: { B: c } }\ntests: []', /`dns` is to be a map/],
] as const)
  test(`a file that is wrong: ${name}`, () => {
    const { problems } = readTestFile('tests/a.yaml', text)
    assert.equal(problems.length, 1)
    assert.match(problems[0]?.message ?? '', message)
    assert.equal(problems[0]?.line, 1)
  })

test('a file that is wrong fails the run', async () => {
  const { code, out } = await run('tests: 3')
  assert.equal(code, 1)
  assert.match(out, /error {2}tests\/relay\.yaml:1/)
})
