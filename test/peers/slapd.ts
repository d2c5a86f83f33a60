// SPDX-License-Identifier: Apache-2.0
/**
 * A slapd of a test's own: on a free port of 127.0.0.1, in a temporary folder, with our schema and access rules as the
 * manual has them. It can be stopped and started again with the same content.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { selfSigned } from '../../src/config/self-signed.ts'
import { freePort } from './free-port.ts'
import { findProgram } from './install.ts'

const SCHEMAS = '/etc/ldap/schema'
const SHIPPED = fileURLToPath(new URL('../../ldap/', import.meta.url))
export const EXAMPLE_TREE = join(SHIPPED, 'example-tree.ldif')
/** As the manual has them. */
export const ACCESS = `olcAccess: {0}to attrs=userPassword by anonymous auth by * none
olcAccess: {1}to attrs=mailSieveRuleSource by dn.exact="cn=postern,o=example" write by self write by * none
olcAccess: {2}to attrs=mailAutoReplyMode,mailAutoReplySubject,mailAutoReplyText,mailAutoReplyTextInternal,mailAutoReplyTimeOut,vacationStartDate,vacationEndDate,mailDeliveryOption by dn.exact="cn=postern,o=example" write by self read by * none
olcAccess: {3}to * by dn.exact="cn=postern,o=example" read by self read by * none`
const PATIENCE_MS = 60_000

export interface Slapd extends AsyncDisposable {
  /** ldap://127.0.0.1:port */
  readonly url: string
  /** ldaps:// on another port. */
  readonly secureUrl: string
  /** File with the certificate, PEM, to trust. */
  readonly ca: string
  readonly bindDn: string
  readonly password: string
  readonly rootDn: string
  /** For the administrator (`rootDn`). */
  readonly rootPassword: string
  /** As a crash would. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** @param ldif the whole content; must hold o=example and cn=postern,o=example, as the example tree does */
export async function startSlapd(ldif?: string): Promise<Slapd> {
  await using cleanup = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'postern-slapd-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  const { certificate, key } = await selfSigned({
    hostname: 'ldap.example.org',
    addresses: ['127.0.0.1'],
    nowMs: Date.now(),
    days: 2,
  })
  const file = (name: string): string => join(folder, name)
  await writeFile(file('ca.pem'), certificate)
  await writeFile(file('key.pem'), key, { mode: 0o600 })
  for (const name of ['config', 'data']) await mkdir(file(name))
  await writeFile(file('config.ldif'), await configuration(folder))
  await writeFile(file('content.ldif'), ldif ?? (await readFile(EXAMPLE_TREE, 'utf8')))
  const add = (database: number, name: string) =>
    execFileSync(program('slapadd'), ['-q', '-n', String(database), '-F', file('config'), '-l', file(name)], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: PATIENCE_MS,
    })
  add(0, 'config.ldif')
  add(1, 'content.ldif')

  const [port, securePort] = [await freePort(), await freePort()]
  const url = `ldap://127.0.0.1:${port}`
  const secureUrl = `ldaps://127.0.0.1:${securePort}`
  let server: ChildProcess | undefined
  const stop = async (): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }
  const start = async (): Promise<void> => {
    const args = ['-d', '0', '-F', file('config'), '-h', `${url}/ ${secureUrl}/`]
    server = spawn(program('slapd'), args, { stdio: 'ignore' })
    const deadline = performance.now() + PATIENCE_MS
    while (!(await answers(port))) {
      if (server.exitCode !== null || performance.now() > deadline) throw new Error('slapd does not start')
      await pause(20)
    }
  }
  cleanup.defer(stop)
  await start()
  const owned = cleanup.move()
  return {
    url,
    secureUrl,
    ca: file('ca.pem'),
    bindDn: 'cn=postern,o=example',
    password: 'door password',
    rootDn: 'cn=admin,o=example',
    rootPassword: 'admin password',
    stop,
    start,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function program(name: string): string {
  const found = findProgram(name)
  if (found === undefined) throw new Error(`${name} is not installed`)
  return found
}

async function configuration(folder: string): Promise<string> {
  const names = ['core', 'cosine', 'inetorgperson', 'misc', 'dyngroup']
  const schemas = await Promise.all(names.map((name) => readFile(join(SCHEMAS, `${name}.ldif`), 'utf8')))
  const own = await readFile(join(SHIPPED, 'postern-schema.ldif'), 'utf8')
  return `dn: cn=config
objectClass: olcGlobal
cn: config
olcTLSCertificateFile: ${folder}/ca.pem
olcTLSCertificateKeyFile: ${folder}/key.pem

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

${[...schemas, own].join('\n')}

dn: cn=module{0},cn=config
objectClass: olcModuleList
cn: module{0}
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb

dn: olcDatabase={1}mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {1}mdb
olcSuffix: o=example
olcDbDirectory: ${folder}/data
olcRootDN: cn=admin,o=example
olcRootPW: admin password
${ACCESS}
`
}

async function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, '127.0.0.1', () => resolve(true))
  socket.on('error', () => resolve(false))
  const there = await promise
  socket.destroy()
  return there
}
