// SPDX-License-Identifier: Apache-2.0
/** A real Postern behind a slapd with this content, for one test: the domain example.org, port 25 on loopback. */
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ldif } from '../../src/directory/ldap/content.fixture.ts'
import { HOST, serveUntilDisposed, temporaryFolder } from '../interop/site.ts'
import { freePort } from '../peers/free-port.ts'
import { type Slapd, startSlapd } from '../peers/slapd.ts'
import { Client } from '../serve/client.ts'

export type Values = readonly (readonly [string, string])[]

export const user = (uid: string, more: Values = []): string =>
  ldif(`uid=${uid},o=example`, [
    ['objectClass', 'inetOrgPerson'],
    ['objectClass', 'inetMailUser'],
    ['uid', uid],
    ['cn', uid],
    ['sn', uid],
    ['mail', `${uid}@example.org`],
    ...more,
  ])

export const group = (name: string, more: Values): string =>
  ldif(`cn=${name},o=example`, [
    ['objectClass', 'applicationProcess'],
    ['objectClass', 'inetMailGroup'],
    ['mail', `${name}@example.org`],
    ...more,
  ])

export interface LdapSite {
  readonly slapd: Slapd
  /** The configuration directory. */
  readonly folder: string
  /** The reply to the message, or to the first command that is refused. `to`: local parts, or `address> PARAMETERS`. */
  readonly send: (subject: string, ...to: readonly string[]) => Promise<string>
  /** A Maildir, or a folder of it. */
  readonly box: (name: string, mailbox?: string) => string
  /** Messages in it that nobody has seen. */
  readonly count: (name: string, mailbox?: string) => Promise<number>
}

/** @param more beside what is needed; keys of `ldap` replace those of `directory.ldap`; `files` beside postern.yaml, by name */
export async function startLdapSite(
  cleanup: AsyncDisposableStack,
  content: string,
  {
    ldap = {},
    files = {},
    ...more
  }: Readonly<Record<string, unknown>> & {
    readonly ldap?: Readonly<Record<string, unknown>>
    readonly files?: Readonly<Record<string, string>>
  } = {},
): Promise<LdapSite> {
  const slapd = cleanup.use(await startSlapd(content))
  const folder = await temporaryFolder(cleanup)
  const port = await freePort()
  const { url, bindDn } = slapd
  const config = {
    server: { hostname: 'mx.example.org', workers: 0 },
    listeners: { smtp: { service: 'smtp', address: HOST, port } },
    networks: { own: [`${HOST}/32`] },
    dns: { servers: [`${HOST}:1`], timeout: '1s' },
    monitor: { log: 'error' },
    queue: { retry: ['1s'] },
    directory: {
      ldap: {
        urls: [url],
        bindDn,
        passwordFile: 'ldap.password',
        ca: 'ldap-ca.pem',
        base: 'o=example',
        domains: { form: 'none', list: ['example.org'] },
        connectTimeout: '20s',
        timeout: '20s',
        ...ldap,
      },
    },
    ...more,
  }
  await writeFile(join(folder, 'postern.yaml'), JSON.stringify(config))
  await writeFile(join(folder, 'ldap.password'), `${slapd.password}\n`, { mode: 0o600 })
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  await copyFile(slapd.ca, join(folder, 'ldap-ca.pem'))
  await mkdir(join(folder, 'spool'), { mode: 0o700 })
  await serveUntilDisposed(folder, cleanup)

  const box = (name: string, mailbox = ''): string => join(folder, 'mailboxes', 'example.org', name, mailbox)
  return {
    slapd,
    folder,
    box,
    count: async (name, mailbox) => (await readdir(join(box(name, mailbox), 'new')).catch(() => [])).length,
    async send(subject, ...to) {
      using client = await Client.connect(port, HOST)
      await client.reply()
      client.write('EHLO client.example.net\r\n')
      await client.whole()
      await client.say('MAIL FROM:<ann@example.net>')
      for (const name of to) {
        const reply = (await client.say(`RCPT TO:<${name.includes('@') ? name : `${name}@example.org>`}`)) ?? ''
        if (!reply.startsWith('250')) return reply
      }
      await client.say('DATA')
      return (await client.say(`From: ann@example.net\r\nSubject: ${subject}\r\n\r\nText.\r\n.`)) ?? ''
    },
  }
}
