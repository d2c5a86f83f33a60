// SPDX-License-Identifier: Apache-2.0
/**
 * The demo site: a configuration directory on loopback as `postern init` would make one, with a domain, users, aliases
 * and a route to the demo's sink. Every client is told apart by its loopback address.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MailAddress } from '../address/address.ts'
import { parseAddress, parseDomain } from '../address/path.ts'
import { selfSigned } from '../config/self-signed.ts'
import { STOCK_TABLES } from '../config/stock-tables.ts'
import { openDirectory } from '../directory/embedded.ts'

export const DEMO_DOMAIN = 'demo.test'
export const DEMO_PASSWORD = 'correct horse'
/** Loopback is one big network: these stand for the outside, our own network, and the servers. */
export const OUTSIDE_CLIENT = '127.0.0.2'
export const INSIDE_CLIENT = '127.0.0.3'
export const SERVER_ADDRESS = '127.0.0.1'
export const SINK_ADDRESS = '127.0.0.9'

export interface DemoPorts {
  readonly smtp: number
  readonly submission: number
  readonly submissions: number
  readonly lmtp: number
  readonly monitor: number
  readonly sink: number
  readonly dns: number
}

const configuration = (
  ports: DemoPorts,
): string => `# The demo site of Postern: loopback only, nothing leaves this machine.
server:
  hostname: mx.${DEMO_DOMAIN}

listeners:
  smtp:        { service: smtp,        address: ${SERVER_ADDRESS}, port: ${ports.smtp} }
  submission:  { service: submission,  address: ${SERVER_ADDRESS}, port: ${ports.submission} }
  submissions: { service: submissions, address: ${SERVER_ADDRESS}, port: ${ports.submissions} }
  lmtp:        { service: lmtp,        address: ${SERVER_ADDRESS}, port: ${ports.lmtp} }

tls:
  certificate: certificate.pem
  key: key.pem

# Who may send where stands in the mapping tables of the file beside this one. Whoever connects from ${INSIDE_CLIENT} is
# inside and may send anywhere; ${OUTSIDE_CLIENT} plays the rest of the world.

channels:
  tcp_local:
    port: ${ports.sink}
  tcp_intranet:
    port: ${ports.sink}

limits:
  messageSize: 1MiB

queue:
  # Minutes and hours in real life; seconds here, so that a retry can be watched.
  retry: [2s, 5s, 1m]
  expire: 1h

dns:
  servers: ["${SERVER_ADDRESS}:${ports.dns}"]

monitor:
  address: ${SERVER_ADDRESS}
  port: ${ports.monitor}
  log: warn
`

const ALIASES = `# name: member, member
postmaster: kim
sales: kim, lee
staff: sales, ada
partners: lee@${DEMO_DOMAIN}, pat@partner.test
`

/** Makes the site under `folder`; what is there already is kept, except the configuration, whose ports are new. */
export async function writeDemoSite(folder: string, ports: DemoPorts, nowMs: number): Promise<void> {
  await mkdir(join(folder, 'spool'), { recursive: true, mode: 0o700 })
  const { certificate, key } = await selfSigned({
    hostname: `mx.${DEMO_DOMAIN}`,
    addresses: [SERVER_ADDRESS],
    nowMs,
    days: 30,
  })
  await writeFile(join(folder, 'postern.yaml'), configuration(ports))
  await writeFile(join(folder, 'mappings'), STOCK_TABLES.replace(/^ {2}127\.0\.0\.1 /m, `  ${INSIDE_CLIENT} `))
  await writeFile(join(folder, 'aliases'), ALIASES)
  await writeFile(join(folder, 'certificate.pem'), certificate)
  await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 })
  const directory = openDirectory(join(folder, 'spool', 'directory.sqlite'))
  try {
    const domain = parseDomain(DEMO_DOMAIN)
    if (domain === undefined) throw new Error('the demo domain is a domain')
    if (!directory.domains().some((entry) => entry.domain === domain)) directory.addDomain(domain)
    const known = new Set(directory.users().map((user) => user.address))
    for (const name of ['kim', 'lee', 'ada', 'jürgen']) {
      const address = demoAddress(name)
      if (!known.has(address)) await directory.addUser({ address, password: DEMO_PASSWORD })
    }
  } finally {
    directory.close()
  }
}

export function demoAddress(localPart: string): MailAddress {
  const address = parseAddress(`${localPart}@${DEMO_DOMAIN}`)
  if (address === undefined) throw new Error(`${localPart} is no local part`)
  return address
}
