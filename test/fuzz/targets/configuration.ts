// SPDX-License-Identifier: Apache-2.0
/**
 * The configuration loader, on a real directory. Properties:
 * - every file gives a revision, or at least one error; never both, nothing is thrown;
 * - each diagnostic names a place that is there, and can be printed on lines without control characters;
 * - nobody is given a prototype: objects stay what they were;
 * - the whole configuration as we write it is read as the same configuration.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CODES } from '../../../src/config/codes.ts'
import { type Diagnostic, formatDiagnostics } from '../../../src/config/diagnostic.ts'
import { effectiveYaml } from '../../../src/config/effective.ts'
import { loadRevision } from '../../../src/config/load.ts'
import {
  any,
  chars,
  LETTERS,
  many,
  maybe,
  NUMBERS,
  nested,
  OBJECT_NAMES,
  octets,
  repeated,
  seq,
  utf8,
} from '../grammar.ts'
import { type Target, textOf } from '../target.ts'

const key = any(
  'server',
  'hostname',
  'listeners',
  'networks',
  'own',
  'channels',
  'routes',
  'limits',
  'tls',
  'sasl',
  'directory',
  'queue',
  'service',
  'port',
  'kind',
  'domain',
  'channel',
  'via',
  'tcp_local',
  'tcp_internal',
  'messageSize',
  OBJECT_NAMES,
  chars(LETTERS, 1, 6),
)
const scalar = any(
  'mx.example.org',
  'smtp',
  '25',
  NUMBERS,
  'true',
  'yes',
  'null',
  '~',
  '5m',
  '10MiB',
  '[]',
  '{}',
  "'192.0.2.0/24'",
  '2001:db8::/32',
  '"\\u0000"',
  '*a',
  '&a x',
  '!!str x',
  '.inf',
  '.nan',
  utf8('münchen.example'),
  seq('"', octets(0, 6), '"'),
  repeated('[', 200),
  '',
)
const flow = nested(4, scalar, (inner) =>
  any(scalar, seq('{ ', many(seq(key, ': ', inner), 0, 3, ', '), ' }'), seq('[', many(inner, 0, 3, ', '), ']')),
)
const block = seq(key, ':', any(' ', '\n  '), flow, '\n', many(seq('  ', key, ': ', flow, '\n'), 0, 3))
const valid = 'server:\n  hostname: mx.example.org\nlisteners:\n  mx: { service: smtp, port: 25 }\n'

export const configuration: Target = {
  name: 'configuration',
  grammar: seq(any(valid, valid, valid, ''), many(block, 0, 4), maybe(octets(0, 10), 0.1)),
  dictionary: [
    '\n',
    '\n  ',
    ': ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '*a',
    '&a ',
    '|',
    '>',
    '"',
    "'",
    '#',
    '---',
    '!!',
    '? ',
    '<<: ',
    '__proto__: ',
  ],
  seeds: [
    Buffer.from(valid),
    Buffer.from(
      `${valid}networks: { own: [192.0.2.0/24] }\nlimits: { recipients: 5 }\nsasl: { mechanisms: [PLAIN] }\n`,
    ),
    Buffer.from(`${valid}routes:\n  - { domain: '*', channel: tcp_local, via: 'smtp.example.net:587' }\n`),
    Buffer.from(`${valid}channels:\n  ims-ms: { kind: lmtp, socket: /run/x }\n  tcp_local: { relay: by-table }\n`),
  ],
  maxBytes: 2048,
  shortRuns: 80,
  async check(input) {
    const { revision, diagnostics, sources } = await load(input)
    const errors = diagnostics.filter(({ severity }) => severity === 'error')
    assert.equal(revision === undefined, errors.length > 0, 'either a revision or an error')
    for (const diagnostic of diagnostics) checkDiagnostic(diagnostic, textOf(input))
    for (const color of [false, true]) formatDiagnostics(diagnostics, sources, { color })
    assert.doesNotMatch(formatDiagnostics(diagnostics, sources, { color: false }), /[\u0000-\u0009\u000b-\u001f\u007f]/)
    assert.deepEqual(Object.keys(Object.prototype), [], 'Object.prototype was given something')
    if (revision === undefined) return
    const again = await load(Buffer.from(effectiveYaml(revision)))
    assert.ok(again.revision !== undefined, 'the configuration as we write it has errors')
    assert.deepEqual(again.revision.config, revision.config, 'the configuration read again')
  },
}

const folder = join(tmpdir(), 'postern-fuzz-')
let made: string | undefined

async function load(bytes: Buffer) {
  if (made === undefined) {
    const directory = mkdtempSync(folder)
    made = directory
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  }
  writeFileSync(join(made, 'postern.yaml'), bytes)
  return await loadRevision(made, { now: () => 0 })
}

function checkDiagnostic({ code, line, column, length }: Diagnostic, text: string): void {
  assert.ok(Object.hasOwn(CODES, code), code)
  const there = text.replace(/^\ufeff/, '').split('\n')[line - 1]
  assert.ok(there !== undefined, `line ${line} is not there`)
  assert.ok(column >= 1 && column <= there.length + 1, `column ${column} is not in line ${line}`)
  assert.ok(length === undefined || length >= 1)
}
