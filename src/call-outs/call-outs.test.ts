// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/**
 * Proves: each routine of spec access-control.md 7 with its arguments, against a name server that also lies and fails;
 * that no failure refuses anybody; that a list's text cannot become a flag or a call; the guide's entries as written;
 * and that any argument whatever gets an answer.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type CallOuts, runCallOut } from '../ask/call-outs.ts'
import { ManualClock } from '../clock/clock.ts'
import { type Config, ConfigSchema } from '../config/schema.ts'
import { type Lie, startDnsServer, type ZoneData } from '../demo/dns-server.ts'
import { createResolver } from '../dns/resolver.ts'
import { answer, loadMappings, runMapping } from '../mapping/index.ts'
import { silentLog } from '../monitor/log.ts'
import type { Counters } from '../state/counters.ts'
import { EmbeddedCounters } from '../state/embedded-counters.ts'
import { siteCallOuts } from './site-call-outs.ts'

const ZONE: ZoneData = {
  'host.test': { A: ['192.0.2.1'] },
  'six.test': { AAAA: ['2001:db8::1'] },
  'text.test': { TXT: ['x'] },
  'mail.test': {
    MX: [
      { preference: 20, exchange: 'b.test' },
      { preference: 10, exchange: 'd.test' },
      { preference: 10, exchange: 'c.test' },
    ],
  },
  'null.test': { MX: [{ preference: 0, exchange: '' }] },
  '1.2.0.192.in-addr.arpa': { PTR: ['host.test'] },
  '7.100.51.198.list.test': { A: ['127.0.0.4'], TXT: ['see http://list.test/?198.51.100.7'] },
  '8.100.51.198.list.test': { TXT: ['by text alone'] },
  '9.100.51.198.list.test': { A: ['127.255.255.254'], TXT: ['you may not ask'] },
  '10.100.51.198.list.test': { A: ['203.0.113.80'], TXT: ['parked'] },
  '11.100.51.198.list.test': { A: ['127.0.0.2'] },
  '12.100.51.198.list.test': { A: ['127.0.0.2'], TXT: ['$Y $[dns_verify,x,y] a|b\r\nX-Evil: é'] },
  '13.100.51.198.list.test': { CNAME: ['7.100.51.198.list.test'] },
}
const SERVFAIL = new Set(['fail.test', '14.100.51.198.list.test'])

const config = (state: unknown): Config =>
  ConfigSchema.parse({ server: { hostname: 'mx.example.org' }, listeners: {}, state })

const TABLES = config({
  tables: {
    clients: { dataType: 'ipv4', quota: 2, quotaTime: '1m' },
    senders: { quota: 1, quotaTime: '1m', options: ['nocase'] },
    harsh: { quota: 1, quotaTime: '1m', options: ['penalize'] },
    values: { quotaTime: '0s' },
    grey: { type: 'greylisting', blockTime: '5m', resubmitTime: '4h' },
  },
})

interface Site extends AsyncDisposable {
  readonly callOuts: CallOuts
  readonly clock: ManualClock
  readonly faults: string[]
  call(image: string, routine: string, argument: string): Promise<string>
}

async function site(counters?: Counters): Promise<Site> {
  const lie = (name: string): Lie | undefined => (SERVFAIL.has(name) ? 'servfail' : undefined)
  const server = await startDnsServer({ address: '127.0.0.1', port: 0, zone: ZONE, lie })
  const clock = new ManualClock()
  const resolver = createResolver({
    servers: [`127.0.0.1:${server.port}`],
    timeoutMs: 60_000,
    cacheEntries: 0,
    clock,
    log: silentLog,
  })
  const faults: string[] = []
  const log = { ...silentLog, error: (event: string) => void faults.push(event) }
  const callOuts = siteCallOuts({
    resolver,
    counters: counters ?? new EmbeddedCounters(clock),
    config: () => TABLES,
    log,
  })
  return {
    callOuts,
    clock,
    faults,
    async call(image, routine, argument) {
      const given = await runCallOut(callOuts, { image, routine, argument })
      return given.kind === 'found' ? given.value : given.kind.toUpperCase()
    },
    async [Symbol.asyncDispose]() {
      await resolver[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

const DNS: readonly (readonly [routine: string, argument: string, want: string])[] = [
  ['dns_verify', 'host.test|$Y|$Nno: %e', '$Y'],
  ['dns_verify', 'six.test|$Y|$N', '$Y'],
  ['dns_verify', '[host.test]|$Y%e|$N', '$Y'],
  ['dns_verify', 'none.test|$Y|$N$X5.1.8|no: %e', '$N$X5.1.8|no: no such host'],
  ['dns_verify', 'text.test|$Y|%e', 'no data of this type'],
  ['dns_verify', 'not a name|$Y|no', 'no'],
  ['dns_verify', 'fail.test|$Y|$N', 'ABSENT'],
  ['dns_verify', 'host.test', ''],
  ['dns_verify', '', ''],
  ['dns_verify_ipv4', 'host.test|yes|no', 'yes'],
  ['dns_verify_ipv4', 'six.test|yes|no', 'no'],
  ['dns_verify_ipv6', 'six.test|yes|no', 'yes'],
  ['dns_verify_ipv6', 'host.test|yes|no', 'no'],
  ['dns_verify_ptr', '192.0.2.1', 'host.test'],
  ['dns_verify_ptr', '::ffff:192.0.2.1|yes|no', 'yes'],
  ['dns_verify_ptr', '192.0.2.2', 'ABSENT'],
  ['dns_verify_ptr', '192.0.2.2|yes|no', 'no'],
  ['dns_verify_ptr', 'host.test', 'ABSENT'],
  ['dns_get_first_mx', 'mail.test', 'c.test'],
  ['dns_get_first_mx', 'null.test', 'ABSENT'],
  ['dns_get_first_mx', 'host.test', 'ABSENT'],
  ['dns_verify_domain', '198.51.100.7,list.test', '$Nsee http://list.test/?198.51.100.7'],
  ['dns_verify_domain', '198.51.100.7, LIST.test.,go$ away, now', '$Ngo$ away, now'],
  ['dns_verify_domain', '198.51.100.8,list.test', '$Nby text alone'],
  ['dns_verify_domain', '198.51.100.9,list.test', 'ABSENT'],
  ['dns_verify_domain', '198.51.100.10,list.test,text', 'ABSENT'],
  ['dns_verify_domain', '198.51.100.11,list.test', '$N198.51.100.11 is listed by list.test'],
  ['dns_verify_domain', '198.51.100.12,list.test', '$N$$Y $$[dns_verify,x,y] a|b??X-Evil: ?'],
  ['dns_verify_domain', '198.51.100.13,list.test', '$Nsee http://list.test/?198.51.100.7'],
  ['dns_verify_domain', '198.51.100.14,list.test', 'ABSENT'],
  ['dns_verify_domain', '198.51.100.99,list.test', 'ABSENT'],
  ['dns_verify_domain', 'nonsense,list.test', 'ABSENT'],
  ['dns_verify_domain', '198.51.100.7', 'ABSENT'],
  ['dns_verify_domain_port', '198.51.100.7,list.test', '$N554 5.7.1 see http://list.test/?198.51.100.7'],
  ['dns_verify_domain_port', '198.51.100.7,list.test,421$ later', '$N421$ later'],
  [
    'dns_verify_domain_warn',
    '198.51.100.12,list.test',
    '$Y$AX-DNS-List-Warning: $$Y $$[dns_verify,x,y] a/b??X-Evil: ?',
  ],
  ['dns_verify_domain_warn', '198.51.100.99,list.test', 'ABSENT'],
  ['cacheeverything', 'x', 'UNKNOWN'],
]

test('dns_verify', async (t) => {
  await using s = await site()
  for (const [routine, argument, want] of DNS)
    await t.test(`${routine} ${argument}`, async () =>
      assert.equal(await s.call('dns_verify', routine, argument), want),
    )
})

test('conn_throttle: the first of a minute pass; addresses in whatever form are one', async () => {
  await using s = await site()
  const ask = (routine: string, argument: string) => s.call('conn_throttle', routine, argument)
  for (const form of ['192.0.2.1', '::ffff:192.0.2.1']) assert.equal(await ask('throttle', `${form},2`), 'ABSENT')
  assert.equal(await ask('throttle', '192.0.2.1, 2'), '')
  assert.equal(await ask('throttle', '192.0.2.2,2'), 'ABSENT')
  assert.equal(await ask('throttle_p', '192.0.2.1,2'), 'ABSENT')
  s.clock.advance(60_000)
  assert.equal(await ask('throttle', '192.0.2.1,2'), 'ABSENT')
  assert.deepEqual(s.faults, [])
  assert.equal(await ask('throttle', '192.0.2.1,many'), 'ABSENT')
  assert.equal(await ask('throttle', '192.0.2.1,many'), 'ABSENT')
  assert.deepEqual(s.faults, ['call-out.fault'])
})

test('conn_throttle: throttle_p blocks 250 of 100 for two minutes', async () => {
  await using s = await site()
  const ask = () => s.call('conn_throttle', 'throttle_p', '192.0.2.1,100')
  const blocked = async (times: number) => {
    let count = 0
    for (let i = 0; i < times; i++) if ((await ask()) === '') count += 1
    return count
  }
  assert.equal(await blocked(250), 150)
  s.clock.advance(60_000)
  assert.equal(await blocked(1), 1)
  s.clock.advance(60_000)
  assert.equal(await blocked(1), 0)
})

const METERMAID: readonly (readonly [call: string, want: string])[] = [
  ['throttle clients,192.0.2.1', 'ABSENT'],
  ['query clients,192.0.2.1', 'ABSENT'],
  ['throttle clients,::ffff:192.0.2.1', 'ABSENT'],
  ['query clients,192.0.2.1', ''],
  ['throttle clients, 192.0.2.1', ''],
  ['throttle clients,2001:db8::1', 'ABSENT'],
  ['throttle clients,kim@a.test', 'ABSENT'],
  ['throttle senders,Kim@a.test', 'ABSENT'],
  ['throttle senders,kim@A.TEST', ''],
  ['throttle senders,"a,b"@a.test', 'ABSENT'],
  ['throttle senders,"a,b"@a.test', ''],
  ['fetch values,k', 'ABSENT'],
  ['test values,k,=0', ''],
  ['adjust values,k,+5', ''],
  ['adjust values,k,-2', ''],
  ['fetch values,k', '3'],
  ['test values,k,>=3', ''],
  ['test values,k,<3', 'ABSENT'],
  ['test values,k,~3', 'ABSENT'],
  ['adjust_and_test values,k,1,= 4', ''],
  ['adjust_and_test values,k,1,=4', 'ABSENT'],
  ['adjust_and_test values,k,1,nonsense', 'ABSENT'],
  ['fetch values,k', '5'],
  ['adjust values,k,much', 'ABSENT'],
  ['store values,"a,b"@c.test,$Yes', ''],
  ['fetch values,"a,b"@c.test', '$$Yes'],
  ['adjust values,"a,b"@c.test,1', 'ABSENT'],
  ['remove values,k', ''],
  ['fetch values,k', 'ABSENT'],
  ['greylisting grey,client|from|to', ''],
  ['greylisting values,client', 'ABSENT'],
  ['throttle grey,client', 'ABSENT'],
  ['throttle nowhere,client', 'ABSENT'],
  ['throttle toString,client', 'ABSENT'],
  ['throttle clients', 'ABSENT'],
  ['adjust values,k', 'ABSENT'],
  ['anything values,k', 'UNKNOWN'],
]

test('check_metermaid, call after call', async () => {
  await using s = await site()
  for (const [call, want] of METERMAID) {
    const [routine = '', ...argument] = call.split(' ')
    assert.equal(await s.call('check_metermaid', routine, argument.join(' ')), want, call)
  }
  s.clock.advance(300_000)
  assert.equal(await s.call('check_metermaid', 'greylisting', 'grey,client|from|to'), 'ABSENT')
})

test('a keeper that is away refuses nobody', async () => {
  await using s = await site({ count: () => ({ kind: 'defer', cause: 'away' }) })
  for (const [call] of METERMAID) {
    const [routine = '', ...argument] = call.split(' ')
    const got = await s.call('check_metermaid', routine, argument.join(' '))
    assert.ok(['ABSENT', 'UNKNOWN'].includes(got), `${call}: ${got}`)
  }
  for (let i = 0; i < 5; i++) assert.equal(await s.call('conn_throttle', 'throttle', '192.0.2.1,0'), 'ABSENT')
})

/** As the guides write them, 7.1 to 7.3, with images by path. */
const GUIDE = `PORT_ACCESS

  TCP|*|25|*|* \\
$C$[LIBDIR/conn_throttle.so,throttle,$1,1] \\
$N421$ Connection$ not$ accepted$ at$ this$ time$E
  TCP|*|587|*|*  $C$:A$[/opt/sun/lib/check_metermaid.so,throttle,clients,$1]$N421$ \\
Connection$ declined$ at$ this$ time$E
  *  $YEXTERNAL

MAIL_ACCESS

  TCP|*|*|*|*|SMTP|*|tcp_local|*|*|*  $C$[LIBDIR/dns_verify.so,dns_verify_domain,$2,list.test]$E
  TCP|*|*|*|*|SMTP|MAIL|tcp_in|*@*|*|*  $[dns_verify,dns_verify,$5|$$Y|$$NNo$ such$ domain:$ %e]
`

const PROBES: readonly (readonly [table: string, probe: string, want: string])[] = [
  ['PORT_ACCESS', 'TCP|192.0.2.10|25|198.51.100.7|1', 'EXTERNAL Y'],
  ['PORT_ACCESS', 'TCP|192.0.2.10|25|198.51.100.7|2', '421 Connection not accepted at this time N'],
  ['PORT_ACCESS', 'TCP|192.0.2.10|25|198.51.100.8|1', 'EXTERNAL Y'],
  ['PORT_ACCESS', 'TCP|192.0.2.10|587|198.51.100.7|1', 'EXTERNAL Y'],
  ['PORT_ACCESS', 'TCP|192.0.2.10|587|198.51.100.7|1', 'EXTERNAL Y'],
  ['PORT_ACCESS', 'TCP|192.0.2.10|587|198.51.100.7|1', '421 Connection declined at this time N'],
  ['MAIL_ACCESS', 'TCP|s|25|198.51.100.7|1|SMTP|MAIL|tcp_local|a@b|l|c@d', 'see http://list.test/?198.51.100.7 N'],
  ['MAIL_ACCESS', 'TCP|s|25|198.51.100.12|1|SMTP|MAIL|tcp_local|a@b|l|c@d', '$Y $[dns_verify,x,y] a|b??X-Evil: ? N'],
  ['MAIL_ACCESS', 'TCP|s|25|198.51.100.99|1|SMTP|MAIL|tcp_local|a@b|l|c@d', 'NOMATCH'],
  ['MAIL_ACCESS', 'TCP|s|25|198.51.100.14|1|SMTP|MAIL|tcp_local|a@b|l|c@d', 'NOMATCH'],
  ['MAIL_ACCESS', 'TCP|s|25|1.1.1.1|1|SMTP|MAIL|tcp_in|a@host.test|l|c@d', ' Y'],
  ['MAIL_ACCESS', 'TCP|s|25|1.1.1.1|1|SMTP|MAIL|tcp_in|a@none.test|l|c@d', 'No such domain: no such host N'],
]

test('the entries of the guides, through the language', async () => {
  await using s = await site()
  const { mappings, problems } = loadMappings({ name: 'mappings', text: GUIDE })
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error'),
    [],
  )
  for (const [table, probe, want] of PROBES) {
    const result = await answer(runMapping(mappings, table, probe, { input: 'A' }), {
      random: () => '00',
      'mapping.call': (question) => runCallOut(s.callOuts, question),
    })
    assert.equal(result.kind, 'answered')
    if (result.kind !== 'answered') continue
    // An entry that failed behind $C leaves the probe as it was, without a flag.
    const got = result.output === probe ? 'NOMATCH' : `${result.output} ${[...result.flags].join('')}`
    assert.equal(got, want, probe)
  }
})

test('any argument gets an answer, and nothing throws', async () => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
  console.log(`seed ${seed} (call-outs)`)
  const clock = new ManualClock()
  const callOuts = siteCallOuts({
    resolver: { lookup: async () => ({ kind: 'absent', why: 'nxdomain', ttlSeconds: 1 }) },
    counters: new EmbeddedCounters(clock),
    config: () => TABLES,
    log: silentLog,
  })
  const pieces = fc.constantFrom('values', 'grey', 'clients', ',', '|', '192.0.2.1', '5', '+', '>=3', '\0', '$', '%e')
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 8 }), async (words) => {
      for (const [image, routines] of callOuts)
        for (const routine of routines.keys()) {
          const { kind } = await runCallOut(callOuts, { image, routine, argument: words.join('') })
          assert.ok(kind === 'found' || kind === 'absent')
        }
    }),
    { seed, numRuns: 300 },
  )
})
