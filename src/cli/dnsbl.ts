// SPDX-License-Identifier: Apache-2.0
/**
 * `postern dnsbl`: what DNS lists say of an address, and whether the lists are well. `health` is the server's own view
 * where it runs; else, and for `check`, the lists are asked from here.
 */
import { normaliseIp } from '../address/network.ts'
import type { LoadedRevision } from '../config/where.ts'
import type { ListAnswer } from '../policy/dns-lists.ts'
import { type Cli, type Define, examples } from './cli.ts'
import { Finding, UsageError } from './exit.ts'

export const define: Define = (command, cli) => {
  command.addHelpText('after', examples('dnsbl check 192.0.2.1', 'dnsbl health'))
  command
    .command('check')
    .summary('ask the lists about an address')
    .description('Ask every configured list about an address. Ends with 1 when a client of it would not be let in.')
    .argument('<IP>')
    .option('--channel <NAME>', 'only lists for clients on this channel')
    .addHelpText('after', examples('dnsbl check 192.0.2.1', 'dnsbl check 2001:db8::1 --channel tcp_local --json'))
    .action(async (ip: string, { channel }: { channel?: string }) => {
      const address = normaliseIp(ip)
      if (address === undefined) throw new UsageError(`${ip} is not an IP address`)
      await check(cli, address, channel)
    })
  command
    .command('health')
    .summary('say whether the lists are well')
    .description(
      'Say how each list stands with the server: used, or out, and why. Without a server, test each with its canaries. Ends with 1 when one is not well.',
    )
    .addHelpText('after', examples('dnsbl health', 'dnsbl health --json'))
    .action(async () => {
      const rows = (await ofServer(cli)) ?? (await ofCanaries(cli))
      if (rows.some(({ ok }) => !ok)) cli.finding()
      if (cli.json) {
        cli.printJson(rows)
        return
      }
      const { table } = await import('./output.ts')
      const columns = [{ title: 'LIST' }, { title: 'WELL' }, { title: 'HOW IT STANDS' }] as const
      const cells = rows.map(({ zone, ok, detail }) => [zone, ok ? 'yes' : 'NO', detail])
      cli.print(rows.length === 0 ? 'no lists' : table(columns, cells, { color: cli.color }))
    })
}

interface Row {
  readonly zone: string
  readonly ok: boolean
  readonly detail: string
}

/** `undefined`: no server runs. */
async function ofServer(cli: Cli): Promise<readonly Row[] | undefined> {
  const { ControlUnreachable } = await import('../control/client.ts')
  const { CHECK_PREFIX } = await import('../dnsbl/keeper.ts')
  try {
    await using client = await cli.connect()
    const { machine } = await client.call('status', {})
    return machine.flatMap(({ name, ok, detail }) =>
      name.startsWith(CHECK_PREFIX) ? [{ zone: name.slice(CHECK_PREFIX.length), ok, detail }] : [],
    )
  } catch (error) {
    if (error instanceof ControlUnreachable) return undefined
    throw error
  }
}

async function ofCanaries(cli: Cli): Promise<readonly Row[]> {
  const { config } = await revisionOf(cli)
  const { listsOf } = await import('../dnsbl/keeper.ts')
  const { askCanaries } = await import('../dnsbl/canaries.ts')
  await using resolver = await resolverOf(config)
  const lists = new Map(listsOf(config).map((list) => [list.zone, list]))
  return await Promise.all(
    [...lists.values()].map(async (list) => {
      const result = await askCanaries(resolver, list)
      const detail = result.kind === 'right' ? 'its canaries are right' : result.why
      return { zone: list.zone, ok: result.kind === 'right', detail }
    }),
  )
}

async function check(cli: Cli, address: string, channel: string | undefined): Promise<void> {
  const revision = await revisionOf(cli)
  const { dnsLists } = revision.config
  const { describeAnswer, judgeLists, nativeLists, serviceLists } = await import('../policy/dns-lists.ts')
  const { checkAddress } = await import('../dnsbl/check.ts')
  const native = nativeLists(dnsLists).filter(
    (_, i) => channel === undefined || dnsLists.lists[i]?.channels.includes(channel) === true,
  )
  const services =
    channel === undefined ? Object.keys(dnsLists.services).flatMap((name) => serviceLists(dnsLists, name)) : []
  const lists = [...services, ...native]
  if (lists.length === 0) throw new Finding('no DNS lists are configured: dnsLists.lists in postern.yaml')
  const server = await ofServer(cli)
  const out = (server ?? []).filter(({ ok, detail }) => !ok || detail.startsWith('untested'))
  await using resolver = await resolverOf(revision.config)
  const answers = await checkAddress(address, lists, {
    resolver,
    withinMs: dnsLists.timeout,
    out: out.map(({ zone, detail }) => ({ zone, why: detail })),
  })
  const verdict = judgeLists(answers, dnsLists.threshold)
  const historical = answers.find(
    ({ list, said }) => (list.kind === 'verify' || list.kind === 'rbl') && said.kind === 'listed',
  )
  const kind = historical === undefined ? verdict.kind : 'listed'
  if (kind === 'listed' || kind === 'unsure') cli.finding()
  if (cli.json) {
    const score = 'score' in verdict ? { score: verdict.score } : {}
    const rows = answers.map((answer) => ({ ...rowOf(answer), by: placeOf(revision, answer) }))
    cli.printJson({ address, verdict: kind, ...score, threshold: dnsLists.threshold, lists: rows })
    return
  }
  const { clean } = await import('./output.ts')
  for (const answer of answers) cli.print(`${clean(describeAnswer(answer), 300)}  (${placeOf(revision, answer)})`)
  cli.print(`${address}: ${VERDICTS[kind]}`)
  if (server === undefined) cli.complain('no server runs; whether it uses these lists is not known')
}

const VERDICTS = {
  listed: 'refused',
  allowed: 'let in, by an allow-list',
  clear: 'let in',
  unsure: 'put off, for a list failed that is not to be passed over',
} as const

const rowOf = ({ list: { zone, kind }, said: { kind: said, ...rest } }: ListAnswer) => ({ zone, kind, said, ...rest })

function placeOf(revision: LoadedRevision, { list }: ListAnswer): string {
  const where = revision.where(...list.setting)
  return where.by === 'config' ? `${where.at.file}:${where.at.line}` : list.setting.join('.')
}

async function revisionOf(cli: Cli): Promise<LoadedRevision> {
  const { complainAbout, load } = await import('./configuration.ts')
  const loaded = await load(cli.directory())
  if (loaded.revision !== undefined) return loaded.revision
  complainAbout(loaded, cli)
  throw new Finding('the configuration has errors')
}

async function resolverOf({ dns }: LoadedRevision['config']) {
  const { createResolver } = await import('../dns/resolver.ts')
  const { systemClock } = await import('../clock/clock.ts')
  const { silentLog } = await import('../monitor/log.ts')
  const { servers, timeout: timeoutMs } = dns
  return createResolver({ servers, timeoutMs, cacheEntries: 0, clock: systemClock, log: silentLog })
}
