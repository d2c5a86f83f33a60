// SPDX-License-Identifier: Apache-2.0
/**
 * A private Postfix: its own folders and ports, TLS, a port where only those may relay who sign in (Dovecot knows the
 * one account), and one on the IPv6 loopback address where the machine has it. It discards everything.
 */
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { selfSigned } from '../../src/config/self-signed.ts'
import { startDnsServer } from '../../src/demo/dns-server.ts'
import { freePort } from '../peers/free-port.ts'
import { missing } from '../peers/install.ts'
import { listening, run } from './programs.ts'
import { eventually, HOST, temporaryFolder } from './site.ts'

/** The name of Postfix here. */
export const PEER = 'peer.test'
export const ACCOUNT = { user: 'postern', password: 'battery staple' } as const

/** For the `skip` option of a test. */
export const noIpv6: string | false = Object.values(networkInterfaces()).some((one) =>
  one?.some(({ address }) => address === '::1'),
)
  ? false
  : 'no IPv6 loopback address on this machine'

export interface Postfix extends AsyncDisposable {
  readonly port: number
  /** Where AUTH is asked for; over TLS alone. */
  readonly authPort: number
  /** On `::1`; like `port`. */
  readonly ipv6Port: number
  /** Port of a name server that knows it. */
  readonly dns: number
  readonly certificate: string
  /** The log, once it has a line like this. */
  readonly logged: (line: RegExp) => Promise<string>
}

export async function startPostfix(): Promise<Postfix> {
  await using cleanup = new AsyncDisposableStack()
  const folder = await temporaryFolder(cleanup)
  await chmod(folder, 0o755)
  const port = await freePort()
  const authPort = await freePort()
  const ipv6Port = noIpv6 === false ? await freePort('::1') : 0
  const authSocket = await startAccounts(folder, cleanup)
  const { certificate, key } = await selfSigned({
    hostname: PEER,
    addresses: [HOST],
    nowMs: Date.now(),
    days: 1,
  })
  const conf = join(folder, 'conf')
  for (const name of ['conf', 'queue', 'data']) await mkdir(join(folder, name))
  const { uid } = await account('postfix')
  await chown(join(folder, 'data'), uid, 0)
  const log = join(folder, 'postfix.log')
  await writeFile(join(conf, 'peer.pem'), key + certificate, { mode: 0o600 })
  await writeFile(
    join(conf, 'main.cf'),
    `compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
maillog_file = ${log}
maillog_file_prefixes = ${folder}
myhostname = ${PEER}
mydestination =
inet_interfaces = ${HOST}
inet_protocols = ${noIpv6 === false ? 'all' : 'ipv4'}
mynetworks = 127.0.0.0/8, [::1]/128
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = discard:
relay_transport = discard:
alias_maps =
alias_database =
smtpd_tls_security_level = may
smtpd_tls_chain_files = ${conf}/peer.pem
smtpd_tls_loglevel = 1
smtpd_peername_lookup = no
`,
  )
  await writeFile(
    join(conf, 'master.cf'),
    `${HOST}:${port} inet n - n - - smtpd
${HOST}:${authPort} inet n - n - - smtpd
  -o smtpd_sasl_auth_enable=yes -o smtpd_sasl_type=dovecot -o smtpd_sasl_path=${authSocket}
  -o smtpd_tls_auth_only=yes -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
${noIpv6 === false ? `[::1]:${ipv6Port} inet n - n - - smtpd` : ''}
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`,
  )
  cleanup.use(await listening('postfix', ['-c', conf, 'start-fg'], port))
  // Its master may stand in a process group of its own.
  cleanup.defer(async () => void (await run('postfix', ['-c', conf, 'abort'])))
  const dns = cleanup.use(await startDnsServer({ address: HOST, port: 0, zone: { [PEER]: { A: [HOST] } } }))
  const owned = cleanup.move()
  return {
    port,
    authPort,
    ipv6Port,
    dns: dns.port,
    certificate,
    logged: (line) =>
      eventually(`${line} in the log of Postfix`, async () => {
        const text = await readFile(log, 'utf8').catch(() => '')
        return line.test(text) ? text : undefined
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Dovecot, for sign-ins alone. Gives the path of the socket it answers at. */
async function startAccounts(folder: string, cleanup: AsyncDisposableStack): Promise<string> {
  const socket = join(folder, 'auth')
  const users = join(folder, 'users')
  const conf = join(folder, 'dovecot.conf')
  await writeFile(users, `${ACCOUNT.user}:{PLAIN}${ACCOUNT.password}\n`)
  await writeFile(
    conf,
    `protocols =
base_dir = ${folder}/dovecot
state_dir = ${folder}/dovecot-state
log_path = /dev/stderr
ssl = no
auth_mechanisms = plain login
passdb {
  driver = passwd-file
  args = ${users}
}
service auth {
  unix_listener ${socket} {
    mode = 0666
  }
}
`,
  )
  // Postfix asks for it at sign-ins alone; a test of those names Dovecot among what it needs.
  if (missing('dovecot') === false) cleanup.use(await listening('dovecot', ['-F', '-c', conf], socket))
  return socket
}

export async function account(name: string): Promise<{ readonly uid: number; readonly gid: number }> {
  const fields = (await readFile('/etc/passwd', 'utf8')).split('\n').find((line) => line.startsWith(`${name}:`))
  const [, , uid, gid] = fields?.split(':') ?? []
  if (uid === undefined || gid === undefined) throw new Error(`no account ${name}`)
  return { uid: Number(uid), gid: Number(gid) }
}
