// SPDX-License-Identifier: Apache-2.0
/**
 * This checkout: everything at its default but the ports, the smart host, and limits that would refuse a load from one
 * address. As many deliveries at one time to one destination as Postfix makes (20), so that both may do the same.
 */
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { STOCK_TABLES } from '../../src/config/stock-tables.ts'
import type { Peer } from './peer.ts'
import { ROOT } from './programs.ts'

export interface PosternOptions {
  /** `auto`, or a number. */
  readonly workers: string
  /** For Node, before the program: `--cpu-prof`, for instance. */
  readonly nodeOptions?: string
  /** With the mapping tables of `postern init`, INTERNAL_IP saying who is inside. */
  readonly tables?: boolean
  /** With a script of 50 rules for the source channel, in place of a user's, and one of 5 for the MTA. */
  readonly filters?: boolean
}

export function postern({ workers, nodeOptions, tables = false, filters = false }: PosternOptions): Peer {
  return {
    name: tables ? 'postern-tables' : filters ? 'postern-filters' : 'postern',
    async prepare() {
      return { available: true, version: `${revision()}, Node ${process.version}, workers: ${workers}` }
    },
    async configure({ folder, port, sinkPort }) {
      if (tables) await writeFile(join(folder, 'mappings'), STOCK_TABLES.replace('  127.0.0.1  ', '  $(127.0.0.0/8)  '))
      if (filters) {
        await mkdir(join(folder, 'filters'))
        await writeFile(join(folder, 'filters', 'mta.sieve'), rules(5))
        await writeFile(join(folder, 'filters', 'source.sieve'), rules(50))
      }
      await writeFile(
        join(folder, 'postern.yaml'),
        `\
server: { hostname: relay.example, workers: ${workers} }
listeners:
  in: { service: smtp, address: 127.0.0.1, port: ${port} }
networks: { own: [127.0.0.0/8] }
channels:
  tcp_local: { smarthost: '[127.0.0.1]:${sinkPort}', perDestination: 20 }
${filters ? '  tcp_intranet: { sourceFilter: filters/source.sieve }\n' : ''}limits:
  connections: 20000
  connectionsPerAddress: 20000
  connectionsPerNetwork: 20000
  transactions: 1000000
  loopDelay: 10s
`,
      )
      return {
        command: [process.execPath, join(ROOT, 'src', 'cli', 'main.ts'), 'serve', '--config', folder],
        ...(nodeOptions === undefined ? {} : { env: { NODE_OPTIONS: nodeOptions } }),
      }
    },
  }
}

/** Rules as people have them, none of which applies to what the source sends. */
const rules = (count: number): string =>
  `require ["fileinto", "reject"];\n${Array.from({ length: count }, (_, n) => RULES[n % RULES.length]?.(n) ?? '').join('')}`

const RULES: readonly ((n: number) => string)[] = [
  (n) => `if address :is "from" "list${n}@example.org" { fileinto "Lists"; }\n`,
  (n) => `if header :contains "subject" ["offer ${n}", "winner ${n}"] { discard; }\n`,
  (n) => `if allof (header :matches "list-id" "*<list${n}.*>", not exists "x-keep") { fileinto "Lists"; }\n`,
  (n) => `if address :domain "from" "spam${n}.example" { reject "No."; }\n`,
  (n) => `if size :over ${n + 10}M { discard; }\n`,
]

function revision(): string {
  try {
    const commit = execFileSync('git', ['-C', ROOT, 'rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return `commit ${commit.trim()}`
  } catch {
    return 'a copy without its history'
  }
}
