// SPDX-License-Identifier: Apache-2.0
/** Proves: a mappings file as sites have them, grown over twenty years, loads without an error and means what it meant. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'
import { readGeneral } from './general.ts'
import { loadMappings } from './load.ts'
import { runIn, verdict, type World } from './tables.fixture.ts'

const file = (name: string) => ({
  name,
  text: readFileSync(new URL(`golden/old-site/${name}`, import.meta.url), 'utf8'),
})
const loaded = loadMappings(file('mappings'), (spec) => file(basename(spec)))
const general = readGeneral(file('general.txt'))

/** 198.51.100.7 is listed and over its rate; everything else is fine. */
const world: World = {
  draw: 0.3,
  'mapping.general': ({ key }) => {
    const value = general.get(key)
    return value === undefined ? { kind: 'absent' } : { kind: 'found', value }
  },
  'mapping.call': ({ image, routine, argument }) => {
    if (image === 'conn_throttle' && argument === '198.51.100.7,10') return { kind: 'found', value: '' }
    if (image === 'check_metermaid' && routine === 'throttle' && argument === 'ext_throttle,198.51.100.8')
      return { kind: 'found', value: '' }
    if (image === 'dns_verify' && argument === '198.51.100.7,bl.example.net')
      return { kind: 'found', value: '$NListed$ by$ bl.example.net' }
    return { kind: 'absent' }
  },
  'mapping.sequence': ({ file: path }) =>
    path === '/imta/seq/bounce' ? { kind: 'found', value: 255 } : { kind: 'absent' },
  'mapping.url': ({ url }) => (url.endsWith('(uid=kim@b.test)') ? { kind: 'found', value: 'kim' } : { kind: 'absent' }),
  'mapping.domain': ({ domain, attribute }) => ({ kind: 'found', value: `${domain} ${attribute}` }),
}

test('it loads', () => {
  assert.deepEqual(
    loaded.problems.map(
      ({ severity, code, file: name, line, message }) => `${severity} ${code} ${name}:${line} ${message}`,
    ),
    ['warning mapping-columns mappings:57 text behind the end of the template'],
  )
  assert.deepEqual(
    [...loaded.mappings.tables()].map(({ name, rows }) => `${name} ${rows.length}`),
    [
      'PORT_ACCESS 6',
      'INTERNAL_IP 6',
      'FROM_ACCESS 6',
      'ORIG_SEND_ACCESS 9',
      'SEND_ACCESS 5',
      'ORIG_MAIL_ACCESS 3',
      'MAIL_ACCESS 3',
      'FRIENDS 4',
      'STRIP 5',
    ],
  )
})

const tcp = (client: string, port = 25): string => `TCP|192.0.2.1|${port}|${client}|40000`

for (const { table, probe, input, want } of [
  { table: 'PORT_ACCESS', probe: tcp('192.0.2.9'), want: ' {Y}' },
  { table: 'PORT_ACCESS', probe: tcp('192.0.2.143'), want: ' {Y}' },
  { table: 'PORT_ACCESS', probe: tcp('2001:DB8:25::80'), want: ' {Y}' },
  {
    table: 'PORT_ACCESS',
    probe: tcp('203.0.113.9'),
    want: '203.0.113 again|554 5.7.1 mail from your network is not accepted here {<N}',
  },
  { table: 'PORT_ACCESS', probe: tcp('203.0.113.207'), want: ' {N}' },
  { table: 'PORT_ACCESS', probe: tcp('203.0.113.208'), want: 'EXTERNAL {Y}' },
  {
    table: 'PORT_ACCESS',
    probe: tcp('198.51.100.7'),
    input: 'A',
    want: '421 Connection not accepted at this time {N}',
  },
  { table: 'PORT_ACCESS', probe: tcp('198.51.100.7', 587), input: 'A', want: 'EXTERNAL {Y}' },
  { table: 'PORT_ACCESS', probe: tcp('198.51.100.8'), input: 'A', want: '421 Connection declined at this time {N}' },
  { table: 'PORT_ACCESS', probe: tcp('198.51.100.8'), want: 'EXTERNAL {Y}' },
  { table: 'INTERNAL_IP', probe: '192.0.2.64', want: ' {N}' },
  { table: 'INTERNAL_IP', probe: '0:0:0:0:0:0:0:1', want: ' {N}' },
  {
    table: 'FROM_ACCESS',
    probe: `${tcp('198.51.100.9')}|SMTP/mx.test|MAIL|tcp_local|Ceo@Example.ORG|`,
    want: '5.7.1|sign in to use an example.org address {NX}',
  },
  {
    table: 'FROM_ACCESS',
    probe: `${tcp('198.51.100.9', 587)}|SMTP/laptop|MAIL|tcp_auth|someone@else.test|Kim@Example.ORG`,
    want: 'Kim@Example.ORG|kim@example.org {JKY}',
  },
  {
    table: 'FROM_ACCESS',
    probe: `${tcp('198.51.100.9')}|SMTP/LocalHost|MAIL|tcp_local|a@b.test|`,
    want: 'bad helo|500|do not say localhost {<DN}',
  },
  {
    table: 'FROM_ACCESS',
    probe: `${tcp('198.51.100.9')}|SMTP/mx.test|MAIL|tcp_local|ex-employee@example.com|`,
    want: '5.7.1|no longer with us {NX}',
  },
  { table: 'FROM_ACCESS', probe: '||MAIL|conversion|a@b.test|', want: ' {Y}' },
  { table: 'ORIG_SEND_ACCESS', probe: 'tcp_local|a@b.test|tcp_local|c@d.test', want: '30|Relaying not allowed {DN}' },
  { table: 'ORIG_SEND_ACCESS', probe: 'tcp_local|a@b.test|ims-ms|x@ims-ms-daemon', want: ' {N}' },
  { table: 'ORIG_SEND_ACCESS', probe: 'tcp_auth|a@b.test|tcp_local|c@d.test', want: 'NOMATCH {}' },
  {
    table: 'ORIG_SEND_ACCESS',
    probe: 'tcp_local|a@b.test|l|staff-all@example.org',
    want: 'This list is for internal use {N}',
  },
  { table: 'SEND_ACCESS', probe: 'tcp_local|a@sub.partner.example|l|kim@example.org', want: ' {Y}' },
  { table: 'SEND_ACCESS', probe: 'l|x@shop.example.com|l|y@shop.example.com', want: 'NOMATCH {}' },
  { table: 'SEND_ACCESS', probe: 'l|a@b.test|l|k@example.org', want: 'Single letter names are not in use$ {N}' },
  {
    table: 'SEND_ACCESS',
    probe: 'tcp_local|a@b.test|tcp_pager|7@pager.example.org',
    want: '4.2.1 pager gateway busy {NX}',
  },
  {
    table: 'ORIG_MAIL_ACCESS',
    probe: `${tcp('198.51.100.7')}|SMTP/mx.test|MAIL|tcp_local|a@b.test|l|kim@example.org`,
    want: 'Listed by bl.example.net {N}',
  },
  {
    table: 'ORIG_MAIL_ACCESS',
    probe: `${tcp('198.51.100.9')}|SMTP/mx.test|MAIL|tcp_local||l|kim@example.org`,
    want: ' {Y}',
  },
  {
    table: 'MAIL_ACCESS',
    probe: `${tcp('198.51.100.9')}|SMTP/mx.test|MAIL|tcp_local|a@b.test|tcp_sms|01711234@sms.example.org`,
    want: 'X-SMS: 0171123|sms {AGY}',
  },
  { table: 'MAIL_ACCESS', probe: 'no connection', input: 'A', want: 'FAIL no connection {}' },
  { table: 'STRIP', probe: '  Kim Lee <Kim@Example.org> (at home)  ', want: 'Kim@Example.org {}' },
  { table: 'STRIP', probe: ' Kim@Example.org ', want: 'kim@example.org {}' },
] as readonly { table: string; probe: string; input?: string; want: string }[])
  test(`${table} ${JSON.stringify(probe)}${input === undefined ? '' : ` with ${input}`}`, () => {
    const { state, output, flags } = verdict(
      runIn(loaded.mappings, table, probe, world, input === undefined ? {} : { input }),
    )
    assert.equal(`${state === 'ok' ? output : state === 'FAIL' ? `FAIL ${output}` : state} {${flags}}`, want)
  })
