// SPDX-License-Identifier: Apache-2.0
/** A real Postern with filter scripts, mail sent to it over SMTP, and the Maildirs it delivers into. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DecidedBy } from '../../src/ask/decided-by.ts'
import { postern } from '../../src/cli/fixture.ts'
import { connectControl } from '../../src/control/client.ts'
import type { QueueRow } from '../../src/control/protocol.ts'
import { openDirectory } from '../../src/directory/embedded.ts'
import { parseRecord } from '../../src/history/lines.ts'
import { DOMAIN, eventually, type Site, type SiteOptions, startSite } from '../interop/site.ts'
import { Client } from '../serve/client.ts'

export interface Given {
  /** By user: one script, or rules. Users that `site` does not name are made. */
  readonly users?: Readonly<Record<string, string | readonly string[]>>
  readonly mta?: string
  readonly channel?: string
  readonly site?: SiteOptions
}

export const OUTSIDE = '127.0.0.2'

/** A site with these scripts. */
export async function filtered({ users = {}, mta, channel, site = {} }: Given): Promise<Site> {
  const files = {
    ...(mta === undefined ? {} : { 'filters/mta.sieve': mta }),
    ...(channel === undefined ? {} : { 'filters/channel-ims-ms.sieve': channel }),
  }
  const started = await startSite({
    users: [...new Set(['kim', 'lee', ...Object.keys(users)])],
    ...site,
    files: { ...files, ...site.files },
  })
  const entries = openDirectory(join(started.directory, 'spool', 'directory.sqlite'))
  try {
    for (const [user, script] of Object.entries(users)) {
      const name = `${user}@${DOMAIN}`
      const found = await entries.ruleStore.rules(name)
      assert.ok(found.kind === 'found')
      assert.deepEqual(await entries.ruleStore.replace(name, [script].flat(), found.value.state), { kind: 'stored' })
    }
  } finally {
    entries.close()
  }
  return started
}

/** The reply to the message, or to the first command that is refused. */
export async function send(
  site: Site,
  {
    from = 'pat@outside.test',
    to = ['kim'],
    subject = 'hello',
    fields = '',
    id = '1@outside.test',
    notify = '',
  }: {
    readonly from?: string
    readonly to?: readonly string[]
    readonly subject?: string
    readonly fields?: string
    /** Without angle brackets. */
    readonly id?: string
    /** NOTIFY of each recipient, RFC 3461 §4.1. */
    readonly notify?: string
  } = {},
): Promise<string> {
  using client = await Client.connect(site.ports.smtp, OUTSIDE)
  const say = async (line: string): Promise<string> => {
    client.write(`${line}\r\n`)
    return (await client.reply()) ?? 'closed'
  }
  await client.reply()
  const asked = notify === '' ? '' : ` NOTIFY=${notify}`
  const rcpts = to.map((user) => `RCPT TO:<${user.includes('@') ? user : `${user}@${DOMAIN}`}>${asked}`)
  for (const line of ['EHLO client.test', `MAIL FROM:<${from}>`, ...rcpts, 'DATA']) {
    const reply = await say(line)
    if (!/^[23]/.test(reply)) return reply
  }
  const names = to.map((user) => `${user}@${DOMAIN}`).join(', ')
  return await say(
    `From: <${from || 'nobody@outside.test'}>\r\nTo: ${names}\r\nSubject: ${subject}\r\nMessage-ID: <${id}>\r\n${fields}\r\nText.\r\n.`,
  )
}

export const boxOf = (site: Site, user: string, folder = ''): string =>
  join(site.directory, 'mailboxes', DOMAIN, user, folder)

export const messagesIn = async (box: string): Promise<readonly string[]> => {
  const parts = await Promise.all(
    ['new', 'cur'].map(async (part) => {
      const names = await readdir(join(box, part)).catch(() => [])
      return await Promise.all(names.map((name) => readFile(join(box, part, name), 'utf8')))
    }),
  )
  return parts.flat()
}

export const arrived = (box: string, count = 1): Promise<readonly string[]> =>
  eventually(
    `${count} messages in ${box}`,
    async () => {
      const found = await messagesIn(box)
      return found.length >= count ? found : undefined
    },
    60_000,
  )

/** Everything has an end: nothing is queued any more. */
export async function settled(site: Site): Promise<void> {
  await eventually(
    'an empty queue',
    async () => {
      await using client = await connectControl(join(site.directory, 'control.sock'))
      const { queued } = await client.call('status', {})
      return queued === 0 ? true : undefined
    },
    60_000,
  )
}

/** The rows of the queue, once they are as wanted. */
export function queued(site: Site, wanted: (rows: readonly QueueRow[]) => boolean): Promise<readonly QueueRow[]> {
  return eventually(
    'the queue as wanted',
    async () => {
      await using client = await connectControl(join(site.directory, 'control.sock'))
      const { rows } = await client.call('queue.list', {})
      return wanted(rows) ? rows : undefined
    },
    60_000,
  )
}

/** What `postern explain` says of a message, once it says what is wanted: traces are written a moment after the reply. */
export const explained = (site: Site, id: string, wanted: RegExp): Promise<string> =>
  eventually(`${wanted} of ${id}`, async () => {
    const { out } = await postern(['--config', site.directory, 'explain', id])
    return wanted.test(out) ? out : undefined
  })

/** Which process took the message: part of its id is drawn once for each (envelope/message-id.ts). */
export const sourceOf = (reply: string): string => idOf(reply).slice(10, 14)

/** The id that an accepted message got. */
export function idOf(reply: string): string {
  const id = /^250 .*\b([0-9A-Z]{17})\b/.exec(reply)?.[1]
  assert.ok(id !== undefined, reply)
  return id
}

/** Sends crowds of the same message, a connection each, until the replies are enough. */
export async function sendUntil(
  site: Site,
  what: Parameters<typeof send>[1],
  enough: (reply: string) => boolean,
): Promise<void> {
  for (let crowds = 0; crowds < 20; crowds++) {
    const replies = await Promise.all(Array.from({ length: 6 }, () => send(site, what)))
    if (replies.map(enough).some((done) => done)) return
  }
  assert.fail('twenty crowds were not enough')
}

/**
 * What so many recipients came to, once the history says so: `address result by`, where `by` is the line of a filter or
 * the kind of what decided.
 */
export const deliveriesIn = (site: Site, count: number): Promise<readonly string[]> =>
  eventually(`${count} results in the history`, async () => {
    const folder = join(site.directory, 'spool', 'history')
    const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.jsonl'))
    const texts = await Promise.all(files.toSorted().map((name) => readFile(join(folder, name), 'utf8')))
    const found = texts
      .flatMap((text) => text.split('\n').flatMap((line) => parseRecord(Buffer.from(line)) ?? []))
      .filter((record) => record.record === 'delivery')
      .flatMap(({ recipients, by }) => recipients.map((one) => `${one.address} ${one.result} ${nameOf(one.by ?? by)}`))
    return found.length >= count ? found : undefined
  })

const nameOf = (by: DecidedBy): string => (by.by === 'filter' ? `${by.script}:${by.line}` : by.by)
