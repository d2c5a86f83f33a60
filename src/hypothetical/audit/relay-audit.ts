// SPDX-License-Identifier: Apache-2.0
/**
 * Can a client from outside that has not signed in reach a recipient outside (design 2.10)? Walks the ways there are:
 * each listener, with TLS and without, the channels its sessions can move to, and the tables asked there. Comes to
 * `no`, with what stops each way for certain; to `open`, with a session that was tried; or to `undecided`, with the row
 * that could not be seen through.
 *
 * Inside is who is named: `networks.own`, or rows of INTERNAL_IP that name an address or a network no wider than any
 * site's. Not looked at: aliases of the site that lead outside, which are its own forwarding.
 */
import { isIP } from 'node:net'
import { inNetwork, parseNetwork } from '../../address/network.ts'
import type { ListenerConfig } from '../../config/schema.ts'
import { START_CHANNEL } from '../../config/start-channel.ts'
import type { MappingRow, MappingTable } from '../../mapping/index.ts'
import { firstAddress } from '../../mapping/network.ts'
import { REFUSING_FLAGS } from '../../policy/access/flags.ts'
import { RECIPIENT_TABLES, type RecipientTable } from '../../policy/access/options.ts'
import { INSIDE_CHANNEL } from '../../policy/stages/network-switch.ts'
import { runScenario } from '../run-scenario.ts'
import { BadScenario, type Scenario } from '../scenario.ts'
import type { Site } from '../site.ts'
import { type Language, languageOf } from './language.ts'
import { CLIENT_ADDRESSES, niceAddresses, portProbes, recipientProbes, saidIn } from './probe-languages.ts'
import { type Answer, type Candidate, tableReach } from './table-reach.ts'

export interface AuditedWay {
  readonly listener: string
  readonly tls: boolean
  /** The channel the session would have. */
  readonly source: string
  readonly verdict: 'no' | 'open' | 'undecided'
  /** One sentence: what stops it, what lets it, what cannot be seen through. */
  readonly because: string
  readonly row?: { readonly table: string; readonly file: string; readonly line: number; readonly text: string }
  /** `open`: a session that was tried. */
  readonly example?: Scenario
}

export interface RelayAudit {
  readonly verdict: AuditedWay['verdict']
  /** Who counts as inside, as it is written. */
  readonly inside: readonly string[]
  readonly ways: readonly AuditedWay[]
}

export async function auditRelay(site: Site): Promise<RelayAudit> {
  const audit = new Audit(site)
  const ways: AuditedWay[] = []
  for (const [name, listener] of Object.entries(site.revision.config.listeners))
    for (const tls of tlsOf(listener, site)) ways.push(...(await audit.listener(name, listener, tls)))
  const has = (verdict: AuditedWay['verdict']): boolean => ways.some((way) => way.verdict === verdict)
  return { verdict: has('open') ? 'open' : has('undecided') ? 'undecided' : 'no', inside: audit.inside.names, ways }
}

const tlsOf = ({ service }: ListenerConfig, { tls }: Site): readonly boolean[] =>
  service === 'submissions' ? [true] : tls ? [false, true] : [false]

/** Not ours, and nobody's: documentation prefixes, RFC 5737 and RFC 3849; and two that are routed. */
const ANYWHERE = ['198.51.100.7', '203.0.113.9', '192.0.2.77', '11.12.13.14', '2001:db8:ffff::7', '2600:1406::2']
/** Flags that a client which has not signed in never sets (spec mapping-tables.md 6). */
const UNSET = new Set(['A'])
const REFUSING = REFUSING_FLAGS.join('')
/** Sessions tried for one row. */
const MOST_TRIED = 8
const OUTSIDE_CHANNEL = 'tcp_local'

type Ending = Pick<AuditedWay, 'verdict' | 'because' | 'row' | 'example'>

class Audit {
  readonly #site: Site
  readonly inside: Inside
  /** Addresses of clients that are outside. */
  readonly #outside: readonly string[]

  constructor(site: Site) {
    this.#site = site
    this.inside = insideOf(site)
    this.#outside = [...ANYWHERE, ...networksIn(site)].filter((ip) => !this.inside.holds(ip))
  }

  async listener(name: string, config: ListenerConfig, tls: boolean): Promise<readonly AuditedWay[]> {
    const first = config.channel ?? START_CHANNEL[config.service]
    const way = (source: string, ending: Ending): AuditedWay => ({ listener: name, tls, source, ...ending })
    const door = this.#door()
    if (door !== undefined) return [way(first, door)]
    const session = { listener: name, tls }
    const ways = [way(this.#underTls(first, tls), await this.#from(this.#underTls(first, tls), session))]
    const channel = this.#site.revision.config.channels[first]
    if (first === INSIDE_CHANNEL || channel === undefined || !('switchChannel' in channel) || !channel.switchChannel)
      return ways
    const switched = await this.#strangersInside(session)
    return switched === undefined ? ways : [...ways, way(INSIDE_CHANNEL, switched)]
  }

  #underTls(source: string, tls: boolean): string {
    const channel = this.#site.revision.config.channels[source]
    const target = tls && channel !== undefined && 'tlsSwitchChannel' in channel ? channel.tlsSwitchChannel : undefined
    return target ?? source
  }

  #table(name: string): MappingTable | undefined {
    return this.#site.revision.tables?.mappings.table(name)
  }

  /** PORT_ACCESS turns everybody away. */
  #door(): Ending | undefined {
    const table = this.#table('PORT_ACCESS')
    if (table === undefined) return undefined
    const { all, nice } = portProbes(this.#outside)
    const reach = tableReach(table, {
      answer: 'not refused',
      refusing: REFUSING,
      probes: all,
      nice,
      unset: new Set(),
      most: 1,
    })
    return reach.kind === 'never' ? { verdict: 'no', because: 'PORT_ACCESS lets nobody in' } : undefined
  }

  /** Clients that INTERNAL_IP takes in without naming them. */
  async #strangersInside(session: Pick<Scenario, 'listener' | 'tls'>): Promise<Ending | undefined> {
    const table = this.#table('INTERNAL_IP')
    if (table === undefined) return undefined
    const reach = tableReach(table, {
      answer: 'allowed',
      // `$F` says nothing there (spec access-control.md 6.1).
      refusing: 'N',
      probes: CLIENT_ADDRESSES,
      nice: niceAddresses(this.#outside),
      except: this.inside.languages,
      ignore: this.inside.rows,
      unset: UNSET,
      most: MOST_TRIED,
    })
    if (reach.kind === 'never') return undefined
    const tried = reach.candidates.flatMap(({ probes }) =>
      probes.filter((ip) => isIP(ip) !== 0).flatMap((ip) => GENERIC.map((mail) => ({ ...session, ...mail, ip }))),
    )
    return (
      (await this.#open(tried, reach.candidates[0]?.row, 'INTERNAL_IP counts a stranger as inside')) ??
      undecided(reach.candidates, 'INTERNAL_IP may count strangers as inside')
    )
  }

  async #from(source: string, session: Pick<Scenario, 'listener' | 'tls'>): Promise<Ending> {
    const { channels } = this.#site.revision.config
    const channel = channels[source]
    if (channel !== undefined && 'sasl' in channel && channel.sasl === 'must')
      return { verdict: 'no', because: `${source} takes no mail without sign-in` }
    const all = this.#destinations()
    if (source === INSIDE_CHANNEL)
      return await this.#byTables(
        source,
        all,
        'not refused',
        session,
        `every session of this listener counts as inside`,
      )
    const byTable = new Map([...all].filter(([name]) => channels[name]?.relay === 'by-table'))
    if (byTable.size === 0)
      return { verdict: 'no', because: 'the relay guard: no channel to the outside says relay: by-table' }
    return await this.#byTables(
      source,
      byTable,
      'allowed',
      session,
      `${[...byTable.keys()].join(', ')} relays by table`,
    )
  }

  /** Where mail for others may go, with the domains that lead there. */
  #destinations(): ReadonlyMap<string, readonly string[]> {
    const found = new Map<string, string[]>([[OUTSIDE_CHANNEL, ['*']]])
    for (const { domain, channel } of this.#site.revision.config.routes)
      found.set(channel, [...(found.get(channel) ?? []), domain])
    return found
  }

  async #byTables(
    source: string,
    destinations: ReadonlyMap<string, readonly string[]>,
    answer: Answer,
    session: Pick<Scenario, 'listener' | 'tls'>,
    why: string,
  ): Promise<Ending> {
    const perhaps: { readonly table: RecipientTable; readonly candidates: readonly Candidate[] }[] = []
    for (const name of RECIPIENT_TABLES) {
      const table = this.#table(name)
      if (table === undefined) continue
      const languages = recipientProbes({
        revision: this.#site.revision,
        table: name,
        source,
        destinations,
        outside: this.#outside,
        // A row that allows does not count where a field was forged.
        forged: answer === 'not refused',
      })
      const reach = tableReach(table, {
        answer,
        refusing: REFUSING,
        probes: languages.all,
        nice: languages.nice,
        unset: UNSET,
        most: MOST_TRIED,
      })
      if (reach.kind === 'perhaps') perhaps.push({ table: name, candidates: reach.candidates })
      // One table that refuses everything is enough; to allow, one row in any of them.
      else if (answer === 'not refused') return { verdict: 'no', because: `${name} refuses all of it` }
    }
    if (answer === 'allowed' && perhaps.length === 0)
      return { verdict: 'no', because: `no row allows it, though ${why}` }
    const [ip = '198.51.100.7'] = this.#outside
    const generic = GENERIC.map((mail) => ({ ...session, ...mail, ip }))
    for (const { table, candidates } of perhaps)
      for (const { row, probes } of candidates) {
        const tried = probes.map((probe) => ({ ...session, ...mailOf(saidIn(probe, table), ip) }))
        const open = await this.#open([...tried, ...generic], row, why)
        if (open !== undefined) return open
      }
    if (perhaps.length === 0) {
      const open = await this.#open(generic, undefined, why)
      if (open !== undefined) return open
    }
    return undecided(
      perhaps.flatMap(({ candidates }) => candidates),
      `${why}, and no session that was tried came through`,
    )
  }

  /** Tries sessions until one reaches a recipient outside. */
  async #open(
    sessions: readonly Scenario[],
    row: MappingRow | undefined,
    because: string,
  ): Promise<Ending | undefined> {
    for (const session of sessions) {
      if (this.inside.holds(session.ip)) continue
      if (await this.#reaches(session))
        return { verdict: 'open', because, example: session, ...(row === undefined ? {} : { row: shown(row) }) }
    }
    return undefined
  }

  async #reaches(session: Scenario): Promise<boolean> {
    try {
      const { verdict, recipients } = await runScenario(session, this.#site)
      const local = new Set(['l', 'ims-ms', 'pipe', 'hold', 'bitbucket'])
      return (
        verdict === 'accepted' &&
        recipients.some(({ becomes = [] }) => becomes.some(({ channel }) => !local.has(channel)))
      )
    } catch (error) {
      if (error instanceof BadScenario) return false
      throw error
    }
  }
}

/** Mail that most open relays would take. */
const GENERIC = [
  { from: 'audit@sender.invalid', to: ['audit@recipient.invalid'] },
  { from: '', to: ['audit@recipient.invalid'] },
]

const mailOf = ({ ip, helo, from, to }: ReturnType<typeof saidIn>, otherwise: string): Omit<Scenario, 'listener'> => ({
  ip: ip !== undefined && isIP(ip) !== 0 ? ip : otherwise,
  from,
  to: [to],
  ...(helo === undefined ? {} : { helo }),
})

function undecided(candidates: readonly Candidate[], because: string): Ending {
  const row = candidates.find((candidate) => candidate.row !== undefined)?.row
  return { verdict: 'undecided', because, ...(row === undefined ? {} : { row: shown(row) }) }
}

const shown = ({ table, file, line, source }: MappingRow) => ({ table, file, line, text: source.trim() })

interface Inside {
  readonly names: readonly string[]
  readonly languages: readonly Language[]
  readonly rows: ReadonlySet<MappingRow>
  holds(ip: string): boolean
}

/** No registry gives one site more: IPv4 /8, IPv6 /16 (config/checks/networks.ts). */
const WIDEST = { 4: 8, 6: 16 } as const

function insideOf({ revision }: Site): Inside {
  const table = revision.tables?.mappings.table('INTERNAL_IP')
  if (table === undefined) {
    const networks = revision.config.networks.own.flatMap((text) => parseNetwork(text) ?? [])
    return {
      names: revision.config.networks.own,
      languages: [],
      rows: new Set(),
      holds: (ip) => networks.some((network) => inNetwork(ip, network)),
    }
  }
  const named = table.rows.flatMap((row) => {
    const network = networkOf(row)
    return network === undefined ? [] : [{ row, network }]
  })
  return {
    names: named.map(({ row }) => `${row.file}:${row.line} ${row.patternText}`),
    languages: named.map(({ row }) => languageOf(row.pattern, 'under')),
    rows: new Set(named.map(({ row }) => row)),
    holds: (ip) => named.some(({ network }) => inNetwork(ip, network)),
  }
}

/** A row that says `$Y` and names one address, or one network that a site may have. */
function networkOf({ pattern, template }: MappingRow): ReturnType<typeof parseNetwork> {
  const says = template.nodes.some((node) => node.kind === 'flag' && node.flag === 'Y')
  const [element, ...others] = pattern.elements
  if (!says || element === undefined || others.length > 0) return undefined
  if (element.kind === 'literal') return parseNetwork(element.text)
  if (element.kind !== 'network' || element.network.bits < WIDEST[element.network.family]) return undefined
  return parseNetwork(`${firstAddress(element.network)}/${element.network.bits}`)
}

/** An address of each network that the recipient tables speak of. */
function networksIn({ revision }: Site): readonly string[] {
  const found = new Set<string>()
  for (const name of RECIPIENT_TABLES)
    for (const { pattern } of revision.tables?.mappings.table(name)?.rows ?? [])
      for (const element of pattern.elements)
        if (element.kind === 'network' && found.size < 100) found.add(firstAddress(element.network))
  return [...found]
}
