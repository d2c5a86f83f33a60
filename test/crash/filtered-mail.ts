// SPDX-License-Identifier: Apache-2.0
/**
 * Mail with filters for the kill test: users whose scripts file, send on, answer and refuse; what has to come of a message
 * to each; and what of that a queue still has to do.
 */
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAddress, parseDomain } from '../../src/address/path.ts'
import { openDirectory } from '../../src/directory/embedded.ts'
import type { Recipient } from '../../src/envelope/envelope.ts'
import type { QueuedMessage } from '../../src/queue/store.ts'
import type { Handed } from './load.ts'

const DOMAIN = 'own.test'
const SUBJECT = 'if header :matches "subject" "*"'

interface Kind {
  readonly script: string
  /** What comes of a message: `box USER/FOLDER` or `out LOCAL`, with NAME for its name. */
  readonly effects: readonly string[]
}

/** By user. A reply or a notice goes to the sender, `s-NAME`. */
export const KINDS: Readonly<Record<string, Kind>> = {
  file: {
    script: 'require ["fileinto", "mailbox", "copy"]; fileinto :copy :create "F";',
    effects: ['box file/ NAME', 'box file/.F NAME'],
  },
  sent: { script: `require "variables"; ${SUBJECT} { redirect "\${1}@sink.test"; }`, effects: ['out NAME'] },
  both: {
    script: `require ["variables", "copy"]; ${SUBJECT} { redirect :copy "\${1}@sink.test"; }`,
    effects: ['box both/ NAME', 'out NAME'],
  },
  away: { script: 'require "vacation"; vacation "Away.";', effects: ['box away/ NAME', 'out s-NAME'] },
  // The MTA refuses what this one has a copy of.
  no: {
    script: 'require ["fileinto", "mailbox", "copy"]; fileinto :copy :create "F";',
    effects: ['box no/.F NAME', 'out s-NAME'],
  },
  // Whose filter runs when its turn comes.
  on: { script: `redirect "file@${DOMAIN}";`, effects: ['box file/ NAME', 'box file/.F NAME'] },
}
const MTA = `require ["envelope", "reject"]; if envelope :is "to" "no@${DOMAIN}" { reject "No."; }`

export async function makeUsers(folder: string): Promise<void> {
  await mkdir(join(folder, 'filters'), { recursive: true })
  await writeFile(join(folder, 'filters', 'mta.sieve'), MTA)
  const entries = openDirectory(join(folder, 'spool', 'directory.sqlite'))
  try {
    entries.addDomain(parseDomain(DOMAIN) ?? assert.fail())
    for (const [user, { script }] of Object.entries(KINDS)) {
      const name = `${user}@${DOMAIN}`
      await entries.addUser({ address: parseAddress(name) ?? assert.fail(), password: 'correct horse' })
      const found = await entries.ruleStore.rules(name)
      assert.ok(found.kind === 'found')
      assert.deepEqual(await entries.ruleStore.replace(name, [script], found.value.state), { kind: 'stored' })
    }
  } finally {
    entries.close()
  }
}

export function handed(name: string, user: string, octets: number): Handed {
  const to = `${user}@${DOMAIN}`
  const from = `s-${name}@sink.test`
  const header = `From: <${from}>\r\nTo: <${to}>\r\nSubject: ${name}\r\nMessage-ID: <${name}@load.test>\r\n`
  const body = `${name} `.repeat(Math.ceil(octets / (name.length + 1))).replace(/(.{70})/g, '$1\r\n')
  return { name, octets, from, to, content: `${header}\r\n${body}\r\n` }
}

export const effectsOf = (user: string, name: string): readonly string[] =>
  (KINDS[user]?.effects ?? []).map((effect) => effect.replace('NAME', name))

/** What is in the mailboxes: how often, by effect. */
export async function filed(folder: string): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  for (const user of Object.keys(KINDS))
    for (const box of ['', '.F'])
      for (const part of ['new', 'cur']) {
        const at = join(folder, 'mailboxes', DOMAIN, user, box, part)
        for (const file of await readdir(at).catch(() => [])) {
          const name = /^Subject: (.*)$/m.exec(await readFile(join(at, file), 'latin1'))?.[1]
          const effect = `box ${user}/${box} ${name}`
          counts.set(effect, (counts.get(effect) ?? 0) + 1)
        }
      }
  return counts
}

export interface Waiting {
  /** Of the message handed in; of a reply or a notice, the one it is about. */
  readonly name: string
  readonly effects: ReadonlySet<string>
  /** Its filters have not been carried out. */
  readonly root: boolean
  /** Replies or notices are still to be queued for it: may be they are already, and then they are queued again. */
  readonly tells: boolean
  /** A message of the server's own. */
  readonly own: boolean
  readonly held: boolean
}

/** What a queued message has still to do. */
export function waitingOf({ envelope, recipients }: QueuedMessage): Waiting {
  const own = envelope.reversePath === null
  const named = own ? envelope.recipients[0]?.address : envelope.reversePath
  const name = named?.replace(/^s-/, '').replace(/@.*/, '') ?? ''
  const left = [...recipients.values()].filter(({ state }) => state === 'queued' || state === 'held')
  return {
    name,
    own,
    effects: new Set(left.flatMap(({ recipient }) => leftOf(recipient, name))),
    root: !own && left.some(({ recipient }) => recipient.parent === undefined),
    tells: !own && left.some(({ recipient: { parent, filtered } }) => parent === undefined || filtered !== undefined),
    held: left.some(({ state }) => state === 'held'),
  }
}

function leftOf({ address, filtered, unfiltered, copy }: Recipient, name: string): readonly string[] {
  const [user = '', domain] = address.split('@')
  if (domain !== DOMAIN) return [`out ${user}`]
  if (copy !== undefined && filtered?.refused !== undefined) return [`out s-${name}`]
  if (filtered !== undefined || unfiltered === true) return effectsOf(user, name)
  return [`box ${user}/${copy?.mailbox === undefined ? '' : `.${copy.mailbox}`} ${name}`]
}
