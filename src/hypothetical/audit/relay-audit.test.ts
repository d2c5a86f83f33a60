// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/**
 * Proves: safe configurations are proved safe, open ones are shown with a session that relays, call-outs leave it
 * undecided; and of configurations that were changed at random, none is called safe that lets a session through.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { directory, makeRevision } from '../../../test/conversations/server-fixture.ts'
import { type Draw, drawFrom } from '../../../test/reality/draw.ts'
import { NO_CALL_OUTS } from '../../ask/call-outs.ts'
import { createIds } from '../../envelope/message-id.ts'
import { runScenario } from '../run-scenario.ts'
import type { Scenario } from '../scenario.ts'
import type { Site } from '../site.ts'
import { auditRelay } from './relay-audit.ts'

type Config = NonNullable<Parameters<typeof makeRevision>[0]>

const siteOf = (mappings: string, config: Config = [], service = 'smtp'): Site => ({
  revision: makeRevision(config, service, 'fixture', mappings),
  reads: { ...directory(), random: ({ octets }) => '5a'.repeat(octets) },
  tls: true,
  callOuts: () => NO_CALL_OUTS,
  ids: createIds(Date.now, 1),
  now: Date.now,
  elapsed: () => 0,
})

const STOCK = `INTERNAL_IP

  127.0.0.1    $Y
  $(198.51.100.0/25)  $Y
  *            $N

PORT_ACCESS

  *|*|*|*|*  $C$|INTERNAL_IP;$3|$Y$E
  *          $YEXTERNAL

ORIG_SEND_ACCESS

  tcp_local|*|tcp_local|*   $N$D30|Relaying$ not$ allowed
  tcp_*|*|ims-ms|*          $N
`
const BY_TABLE: Config = [['channels.tcp_local.relay', 'by-table']]

for (const { name, mappings, config, service, want, row } of [
  { name: 'the stock tables', mappings: STOCK, want: 'no' },
  { name: 'no tables at all', mappings: '', want: 'no' },
  { name: 'a forgotten row, and the guard', mappings: STOCK.replace(/^ {2}tcp_local.*\n/m, ''), want: 'no' },
  { name: 'relay by table, with the stock rows', mappings: STOCK, config: BY_TABLE, want: 'no' },
  {
    name: 'relay by table, and a row that allows too much',
    mappings: STOCK.replace('  tcp_local|*|', '  tcp_local|*@friend.example|tcp_local|*   $Y\n  tcp_local|*|'),
    config: BY_TABLE,
    want: 'open',
    row: 14,
  },
  {
    name: 'the same without by-table',
    mappings: STOCK.replace('  tcp_local|*|', '  tcp_local|*@friend.example|tcp_local|*   $Y\n  tcp_local|*|'),
    want: 'no',
  },
  {
    name: 'a row that allows, behind one that takes everything',
    mappings: `${STOCK}  tcp_local|*@friend.example|tcp_local|*   $Y\n`,
    config: BY_TABLE,
    want: 'no',
  },
  { name: 'strangers are inside', mappings: STOCK.replace('*            $N', '2*           $Y'), want: 'open', row: 5 },
  {
    name: 'a network wider than any site',
    mappings: STOCK.replace('198.51.100.0/25', '192.0.0.0/3'),
    want: 'open',
    row: 4,
  },
  {
    name: 'a call-out that may allow',
    mappings: STOCK.replace('  tcp_local|*|', '  tcp_local|*|tcp_local|*   $C$[lib,routine,$0]$E\n  tcp_local|*|'),
    config: BY_TABLE,
    want: 'undecided',
    row: 14,
  },
  {
    name: 'a listener for the inside',
    mappings: '',
    config: [['listeners.test.channel', 'tcp_intranet']],
    want: 'open',
  },
  {
    name: 'the same, where a table refuses all',
    mappings: 'SEND_ACCESS\n\n  tcp_intranet|*  $N\n',
    config: [['listeners.test.channel', 'tcp_intranet']],
    want: 'no',
  },
  {
    name: 'users sign in',
    mappings: 'ORIG_SEND_ACCESS\n\n  *  $Y\n',
    config: BY_TABLE,
    service: 'submission',
    want: 'no',
  },
  {
    name: 'nobody comes in',
    mappings: 'PORT_ACCESS\n\n  *  $N\n\nORIG_SEND_ACCESS\n\n  *  $Y\n',
    config: BY_TABLE,
    want: 'no',
  },
  {
    name: 'TLS leads inside',
    mappings: '',
    config: [['channels.tcp_local.tlsSwitchChannel', 'tcp_intranet']],
    want: 'open',
  },
  {
    name: 'signed-in clients alone are allowed',
    mappings: 'ORIG_MAIL_ACCESS\n\n  *  $:A$Y\n',
    config: BY_TABLE,
    want: 'no',
  },
] as const satisfies readonly {
  name: string
  mappings: string
  config?: Config
  service?: string
  want: string
  row?: number
}[] as readonly { name: string; mappings: string; config?: Config; service?: string; want: string; row?: number }[])
  test(name, async () => {
    const site = siteOf(mappings, config, service)
    const audit = await auditRelay(site)
    assert.equal(audit.verdict, want, JSON.stringify(audit.ways))
    const decisive = audit.ways.find(({ verdict }) => verdict === want)
    if (row !== undefined) assert.equal(decisive?.row?.line, row, JSON.stringify(decisive))
    if (decisive?.verdict !== 'open') return
    assert.ok(decisive.example !== undefined)
    assert.equal((await runScenario(decisive.example, site)).verdict, 'accepted')
  })

const IPS = ['203.0.113.9', '192.0.2.77', '2001:db8:ffff::7', '198.51.100.200', '11.12.13.14']
const FROMS = ['', 'a@friend.example', 'a@spam.example', 'kim@example.org', 'x.y@sub.friend.example']
const TOS = [
  'b@far.example',
  'b@friend.example',
  'b@example.com',
  'b@sub.example.com',
  'b@[192.0.2.1]',
  '"x y"@far.example',
]

/** A safe configuration, and then not. */
function mutated(draw: Draw): { readonly mappings: string; readonly config: Config } {
  const src = ['*', 'tcp_local', 'tcp_*', 'tcp_intranet']
  const who = ['*', '*@friend.example', '*@*.example', '', '%*@*', '$A*@*']
  const dst = ['*', 'tcp_local', 'l']
  const row = (): string =>
    `  ${draw.of(src)}|${draw.of(who)}|${draw.of(dst)}|${draw.of(who)}  ${draw.of(['$Y', '$N', '$Y', '$C$Y', '$;A$Y', '$:A$Y', '$Y$N', '$C$|OTHER;$0|$E$Y', '$?50?$Y', 'x', '$N$R'])}\n`
  const table = (name: string, row: () => string): string =>
    `${name}\n\n${Array.from({ length: draw.below(4) + 1 }, row).join('')}\n`
  const ip = (): string =>
    `  ${draw.of(['$(198.51.100.0/25)', '2*', '*', '$(192.0.0.0/4)', '203.0.113.9', '$<203.0.113.0/8>', '${2001:db8::/32}', '*:*'])}  ${draw.of(['$Y', '$N', '$N', '$C', '$Y$F'])}\n`
  const mappings = [
    ...(draw.chance(0.5) ? [table('INTERNAL_IP', ip)] : []),
    ...(draw.chance(0.7) ? [table('ORIG_SEND_ACCESS', row)] : []),
    ...(draw.chance(0.4) ? [table('SEND_ACCESS', row)] : []),
    ...(draw.chance(0.3)
      ? [
          table(
            'MAIL_ACCESS',
            () => `  TCP|*|*|${draw.of(['*', '$(203.0.113.0/24)', '2001*'])}|*|SMTP*|MAIL|${row().trimStart()}`,
          ),
        ]
      : []),
    'OTHER\n\n  *friend*  $Y\n',
  ]
  const config: (readonly [string, string])[] = []
  if (draw.chance(0.7)) config.push(...BY_TABLE)
  if (draw.chance(0.2)) config.push(['listeners.test.channel', 'tcp_intranet'])
  if (draw.chance(0.2))
    config.push([
      'routes',
      '[{ domain: example.com, channel: tcp_local }, { domain: .example.com, channel: tcp_auth }]',
    ])
  if (draw.chance(0.2)) config.push(['access.orcpt', '1'])
  return { mappings: mappings.join('\n'), config }
}

test('nothing that lets a session through is called safe', async () => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`relay-audit: SEED=${seed}`)
  const verdicts = new Map<string, number>()
  for (let i = 0; i < 30; i++) {
    const { mappings, config } = mutated(drawFrom(seed + i))
    const site = siteOf(mappings, config)
    const audit = await auditRelay(site)
    verdicts.set(audit.verdict, (verdicts.get(audit.verdict) ?? 0) + 1)
    if (audit.verdict !== 'no') continue
    for (const ip of IPS.filter((each) => !mappings.includes(`  ${each}  $Y`) && each !== '203.0.113.9'))
      for (const from of FROMS) {
        // One session with all recipients: each is judged by itself.
        const session: Scenario = { ip, from, to: TOS, helo: 'mx.example.net' }
        const { recipients } = await runScenario(session, site)
        // Rows that name a network of a size that a site may have make it inside, and that is meant.
        if (
          audit.inside.length > 0 &&
          recipients.some(({ verdict }) => verdict === 'accepted') &&
          namesHolder(audit.inside, ip)
        )
          continue
        for (const { to, verdict } of recipients)
          assert.notEqual(
            verdict,
            'accepted',
            `seed ${seed + i}: ${ip} ${from} ${to}\n${JSON.stringify(config)}\n${mappings}`,
          )
      }
  }
  assert.ok(verdicts.size > 1, `one verdict alone: ${[...verdicts.keys()]}`)
})

/** The few networks that `mutated` names. */
const namesHolder = (inside: readonly string[], ip: string): boolean =>
  inside.some(
    (name) =>
      (name.includes('203.0.113') && ip.startsWith('203.')) || (name.includes('2001:db8') && ip.startsWith('2001:')),
  )
