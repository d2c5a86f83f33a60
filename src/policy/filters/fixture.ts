// SPDX-License-Identifier: Apache-2.0
/** For tests: a site with filters, a message with recipients, and what the stages make of it. */
import assert from 'node:assert/strict'
import type { MailAddress } from '../../address/address.ts'
import { drive, type Host } from '../../ask/ask.ts'
import type { RecipientFilters } from '../../ask/filters.ts'
import { ConfigSchema } from '../../config/schema.ts'
import { compileFilters, subaddressSeparator } from '../../config/site-filters.ts'
import type { AskedFor } from '../../envelope/carried.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { Recipient } from '../../envelope/envelope.ts'
import type { Filtered } from '../../envelope/filtered.ts'
import { ContentScanner } from '../../mime/content-scanner.ts'
import { describeReply } from '../../smtp/reply.ts'
import { contextOf, mailAddress, recordingHost, revisionOf } from '../access/fixture.ts'
import { runStages } from '../run-stages.ts'
import type { ContentContext } from '../stage.ts'
import { channelFilters, mtaFilter, userFilters } from '../stages/filters.ts'
import { sameMailbox } from '../stages/same-mailbox.ts'
import type { Step } from '../trace.ts'
import type { FilterScript } from './script.ts'

export interface FilteredMail {
  readonly verdict: 'pass' | 'refuse' | 'hold' | 'discard'
  /** Of a refusal. */
  readonly reply?: string
  readonly recipients: readonly Recipient[]
  readonly steps: readonly Omit<Step, 'ms'>[]
  readonly context: ContentContext
  /** Questions that were asked, by their kinds. */
  readonly asked: readonly string[]
}

export interface FilterSite {
  readonly mta?: string
  readonly source?: string
  readonly destination?: string
  readonly settings?: Readonly<Record<string, unknown>>
  readonly channels?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** By user; others are absent from the directory. */
  readonly users?: Readonly<Record<string, Partial<RecipientFilters>>>
  readonly files?: Readonly<Record<string, string>>
  /** Scripts of `filters/global`, by name. */
  readonly global?: Readonly<Record<string, string>>
  /** Texts of lists, by name. */
  readonly lists?: Readonly<Record<string, string>>
  readonly scriptlets?: readonly FilterScript[]
  readonly host?: Partial<Host>
}

export interface FilterMail {
  readonly content?: string
  /** Null where it is `<>`. */
  readonly from?: string | null
  /** Local ones are users at `ims-ms`; those of other domains leave through tcp_local. */
  readonly to?: readonly string[]
  readonly asked?: AskedFor
  readonly now?: number
  readonly recipient?: Partial<Recipient>
}

export const MAIL =
  'From: ann@example.net\r\nTo: kim@example.org\r\nSubject: Hello\r\nMessage-ID: <1@example.net>\r\n\r\nText\r\n'
export const NOW = Date.UTC(2026, 0, 15, 12)

/** @throws where a script of the site does not compile */
export async function filterMail(site: FilterSite, mail: FilterMail = {}): Promise<FilteredMail> {
  const { content = MAIL, from = 'ann@example.net', to = ['kim@example.org'], asked = {}, now = NOW } = mail
  const base = revisionOf({ ...(site.channels === undefined ? {} : { channels: site.channels }) })
  const { filters: settings } = ConfigSchema.parse({
    server: { hostname: 'mx.example.org' },
    listeners: {},
    filters: site.settings ?? {},
  })
  const file = (name: string, text: string | undefined, ...setting: string[]) =>
    text === undefined
      ? []
      : [
          {
            named: { role: 'filter' as const, setting, path: `/c/${name}`, optional: true },
            file: { role: 'filter' as const, name, path: `/c/${name}`, bytes: Buffer.from(text), mode: 0o600 },
          },
        ]
  const compiled = compileFilters(
    [
      ...file('filters/mta.sieve', site.mta, 'filters', 'mta'),
      ...file('filters/source.sieve', site.source, 'channels', 'tcp_local', 'sourceFilter'),
      ...file('filters/channel-ims-ms.sieve', site.destination, 'channels', 'ims-ms', 'destinationFilter'),
      ...Object.entries(site.lists ?? {})
        .flatMap(([name, text]) => file('list', text, 'filters', 'lists', name))
        .map(({ named, file: { path, ...more } }, i) => ({
          named: { ...named, role: 'list' as const },
          file: { ...more, role: 'list' as const, path: `${path}${i}` },
        })),
    ],
    Object.entries(site.global ?? {}).map(([name, text]) => ({
      role: 'global-filter' as const,
      name: `filters/global/${name}.sieve`,
      path: `/c/filters/global/${name}.sieve`,
      bytes: Buffer.from(text),
      mode: 0o600,
    })),
    settings,
    subaddressSeparator(base.config),
  )
  assert.ok(
    compiled.diagnostics.every(({ severity }) => severity === 'warning'),
    JSON.stringify(compiled.diagnostics),
  )
  const revision = { ...base, config: { ...base.config, filters: settings }, filters: compiled.filters }
  const bytes = Buffer.from(content)
  const scanner = new ContentScanner()
  scanner.push(bytes)
  const summary = { ...scanner.finish(), size: bytes.length, bareCr: 0, bareLf: 0, hasNul: false }
  const recipients: readonly Recipient[] = to.map((address, index) => {
    const local = address.endsWith('@example.org')
    return {
      index,
      address: mailAddress(address),
      given: address,
      channel: (local ? 'ims-ms' : 'tcp_local') as ChannelName,
      ...(local ? { user: address } : {}),
      ...mail.recipient,
    }
  })
  const rest = contextOf(revision)
  const start: ContentContext = {
    ...rest,
    reversePath: from === null ? null : mailAddress(from),
    recipients,
    content: summary,
    receivedAt: now,
    edits: [],
    carried: { asked, fields: [], delayMs: 0, debug: 0 },
    ...(site.scriptlets === undefined ? {} : { scriptlets: site.scriptlets }),
  }
  const questions: string[] = []
  const host: Host = {
    ...recordingHost().host,
    now: () => now,
    content: ({ most }) => ({ kind: 'found', value: bytes.subarray(0, most) }),
    'directory.filters': ({ user }) => {
      const kept = site.users?.[user]
      if (kept === undefined) return { kind: 'absent' }
      return { kind: 'found', value: { addresses: [user as MailAddress], personal: [], domain: [], ...kept } }
    },
    'filter.file': ({ file: path }) => {
      const text = site.files?.[path]
      return text === undefined ? { kind: 'absent' } : { kind: 'found', value: text }
    },
    ...site.host,
  }
  const steps: Omit<Step, 'ms'>[] = []
  const result = await drive(
    runStages('content', [userFilters, channelFilters, mtaFilter, sameMailbox], start, {
      step: (step) => void steps.push(step),
    }),
    host,
    { onFact: ({ question }) => void questions.push(question.ask) },
  )
  const { verdict, context } = result
  return {
    verdict: verdict.do,
    ...(verdict.do === 'refuse' ? { reply: describeReply(verdict.reply) } : {}),
    recipients: context.recipients,
    steps,
    context,
    asked: questions,
  }
}

export const only = (mail: FilteredMail): Filtered =>
  mail.recipients[0]?.filtered ?? assert.fail('nothing was filtered')
