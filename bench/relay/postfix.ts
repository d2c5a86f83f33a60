// SPDX-License-Identifier: Apache-2.0
/** A private Postfix at its defaults but for the ports, the smart host, a log of its own, and no DNS. Needs root. */
import { execFileSync } from 'node:child_process'
import { chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Peer } from './peer.ts'
import { findProgram, idOf } from './programs.ts'

export const postfix: Peer = {
  name: 'postfix',
  async prepare() {
    if (findProgram('postfix') === undefined) return { available: false, why: 'postfix is not installed' }
    if (process.getuid?.() !== 0) return { available: false, why: 'a private Postfix takes root' }
    const version = execFileSync('postconf', ['-d', '-h', 'mail_version'], { encoding: 'utf8' }).trim()
    return { available: true, version }
  },
  async configure({ folder, port, sinkPort }) {
    for (const name of ['etc', 'spool', 'data']) await mkdir(join(folder, name))
    await chown(join(folder, 'data'), idOf('postfix'), 0)
    await writeFile(join(folder, 'etc', 'main.cf'), mainCf(folder, sinkPort))
    await writeFile(join(folder, 'etc', 'master.cf'), masterCf(port))
    return { command: [findProgram('postfix') ?? 'postfix', '-c', join(folder, 'etc'), 'start-fg'] }
  },
}

const mainCf = (folder: string, sinkPort: number): string => `\
compatibility_level = 3.6
queue_directory = ${folder}/spool
data_directory = ${folder}/data
maillog_file = ${folder}/maillog
maillog_file_prefixes = ${folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.example
mydestination =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:${sinkPort}
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtpd_peername_lookup = no
smtp_tls_security_level = none
alias_maps =
alias_database =
`

const SERVICES = [
  'pickup unix n - n 60 1 pickup',
  'cleanup unix n - n - 0 cleanup',
  'qmgr unix n - n 300 1 qmgr',
  'tlsmgr unix - - n 1000? 1 tlsmgr',
  'rewrite unix - - n - - trivial-rewrite',
  'bounce unix - - n - 0 bounce',
  'defer unix - - n - 0 bounce',
  'trace unix - - n - 0 bounce',
  'verify unix - - n - 1 verify',
  'flush unix n - n 1000? 0 flush',
  'proxymap unix - - n - - proxymap',
  'proxywrite unix - - n - 1 proxymap',
  'smtp unix - - n - - smtp',
  'relay unix - - n - - smtp',
  'showq unix n - n - - showq',
  'error unix - - n - - error',
  'retry unix - - n - - error',
  'discard unix - - n - - discard',
  'anvil unix - - n - 1 anvil',
  'scache unix - - n - 1 scache',
  'postlog unix-dgram n - n - 1 postlogd',
]

const masterCf = (port: number): string =>
  [`127.0.0.1:${port} inet n - n - - smtpd`, ...SERVICES].map((line) => `${line}\n`).join('')
