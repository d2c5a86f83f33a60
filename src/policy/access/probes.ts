// SPDX-License-Identifier: Apache-2.0
/**
 * What the access tables are asked: spec access-control.md 2. Fields are separated by bars and nothing is quoted, so a
 * sender who puts a bar into an address can shift the fields behind it. MAPPING_PARANOIA replaces such bars; `forged`
 * says that one is there, so that nothing depends on the fields alone.
 */
import type { MailAddress, ReversePath } from '../../address/address.ts'
import type { Account } from '../../ask/questions.ts'
import type { Revision } from '../../config/revision.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { Notify, OriginalRecipient } from '../../envelope/envelope.ts'
import { concerns, hasTags, type RecipientTable, returnForm } from './options.ts'
import { APPLICATION, DEFAULT_ORCPT_TYPE, SLASH_WITHOUT_HELO, tlsInfo } from './unsure.ts'

export interface Probe {
  readonly text: string
  /** What a client said holds a bar. */
  readonly forged: boolean
}

/** What is known of how a message comes. Mail that no client brings has neither addresses nor service. */
export interface Submission {
  readonly revision: Revision
  readonly source: ChannelName
  readonly client?: { readonly address: string; readonly port: number }
  readonly server?: { readonly address: string; readonly port: number }
  readonly service?: keyof typeof APPLICATION
  readonly helo?: string
  readonly esmtp?: boolean
  readonly tls?: { readonly version: string; readonly cipher: string }
  readonly account?: Account
}

/** With its sender. */
export interface FromSomebody extends Submission {
  readonly reversePath: ReversePath
  /** Where FROM_ACCESS replaced it: what the client typed. */
  readonly typedReversePath?: ReversePath
}

/** With one recipient, before aliases or after. */
export interface ToSomebody extends FromSomebody {
  /** As typed. */
  readonly given: string
  readonly orcpt?: OriginalRecipient
  /** Recipients of earlier RCPT commands, and those commands, accepted or not. */
  readonly accepted: { readonly length: number }
  readonly presented: number
}

/** The verb: SEND, SAML and SOML are not taken (RFC 5321 Appendix F.6). */
const SUBMIT_TYPE = 'MAIL'

/** 2.1 */
export function portProbe({ client, server }: Submission): string {
  if (client === undefined || server === undefined) return ''
  return `TCP|${server.address}|${server.port}|${client.address}|${client.port}`
}

/** 2.2 */
export function fromProbe(of: FromSomebody): Probe {
  const said = new Said(of.revision)
  const sender = said.sender(of, 'FROM_ACCESS')
  const fields = [portProbe(of), said.application(of), SUBMIT_TYPE, of.source, sender, said.auth(of)]
  return { text: fields.join('|'), forged: said.forged }
}

export interface Target {
  readonly channel: ChannelName
  readonly address: MailAddress
  /** Conversion tags so far. */
  readonly tags: readonly string[]
}

/** 2.3, 2.4 and 2.5 */
export function recipientProbe(table: RecipientTable, of: ToSomebody, target: Target): Probe {
  const { access } = of.revision.config
  const said = new Said(of.revision)
  const fields = table.endsWith('MAIL_ACCESS') ? [portProbe(of), said.application(of), SUBMIT_TYPE] : []
  fields.push(of.source, said.sender(of, table), target.channel, said.address(target.address))
  if (concerns(access.orcpt, table)) {
    const { type, address } = of.orcpt ?? { type: DEFAULT_ORCPT_TYPE, address: of.given }
    fields.push(`${said.text(type)};${said.text(address)}`)
  }
  if (concerns(access.counts, table)) fields.push(`${of.presented + 1}/${of.accepted.length}/`)
  if (concerns(access.auth, table)) fields.push(said.auth(of))
  if (hasTags(access.conversionTags, table)) fields.push(target.tags.join(','))
  return { text: fields.join('|'), forged: said.forged }
}

/** 11: what the tables of a mailing list are asked. */
export function listProbe(of: FromSomebody, withConnection: boolean): Probe {
  const said = new Said(of.revision)
  const sender = said.sender(of, 'lists')
  const text = withConnection ? [portProbe(of), said.application(of), sender].join('|') : sender
  return { text, forged: said.forged }
}

/** Input flags, mapping-tables.md 6. */
export const sessionFlags = ({ account, tls }: Submission): string =>
  `${account === undefined ? '' : 'A'}${tls === undefined ? '' : 'T'}`

export function recipientFlags(of: Submission & { readonly notify?: Notify }): string {
  const notify = of.notify === undefined || of.notify === 'never' ? [] : of.notify
  const asked = notify.map((when) => NOTIFY_FLAG[when]).join('')
  return `${sessionFlags(of)}${of.esmtp === true ? 'E' : ''}${of.service === 'lmtp' ? 'L' : ''}${asked}`
}

const NOTIFY_FLAG = { success: 'S', failure: 'F', delay: 'D' } as const

/** What a client said, made safe for its field. */
class Said {
  readonly #bar: string
  forged = false

  constructor({ config }: Revision) {
    const { paranoia } = config.access
    this.#bar = paranoia === 0 ? '|' : String.fromCharCode(paranoia)
  }

  text(text: string): string {
    if (!text.includes('|')) return text
    if (this.#bar !== '|') return text.replaceAll('|', this.#bar)
    this.forged = true
    return text
  }

  address(address: ReversePath): string {
    return address === null ? '' : this.text(address)
  }

  sender(of: FromSomebody, table: Parameters<typeof returnForm>[1]): string {
    switch (returnForm(of.revision.config.access, table)) {
      case 'auth':
        return of.account === undefined ? this.address(of.reversePath) : this.auth(of)
      case 'orig':
        return this.address(of.typedReversePath === undefined ? of.reversePath : of.typedReversePath)
      default:
        return this.address(of.reversePath)
    }
  }

  auth({ account }: Submission): string {
    return this.address(account?.addresses[0] ?? null)
  }

  application({ service, tls, helo }: Submission): string {
    if (service === undefined) return ''
    const parts: string[] = [APPLICATION[service]]
    if (tls !== undefined) parts.push(tlsInfo(tls))
    if (helo !== undefined) parts.push(this.text(helo))
    else if (SLASH_WITHOUT_HELO) parts.push('')
    return parts.join('/')
  }
}
