// SPDX-License-Identifier: Apache-2.0
/**
 * Maildir mailboxes: written to tmp/, synced, linked into new/, the folder synced; a reader sees a whole message or
 * none. Line ends become LF, as Maildir readers on UNIX expect and write themselves. Subaddresses go to the Maildir++
 * folder of that name where it exists. Folders: maildir-folders.ts; keywords: maildir-keywords.ts; quotas: maildir-quota.ts.
 */
import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { MailAddress } from '../address/address.ts'
import type { AbortWish } from '../clock/abort.ts'
import type { ChannelConfigOf } from '../config/schema-channels.ts'
import type { Delivery } from '../envelope/delivery.ts'
import type { Recipient } from '../envelope/envelope.ts'
import type { Outcome } from '../envelope/outcome.ts'
import { field } from '../mime/fields.ts'
import type { ChannelDeps } from './deps.ts'
import type { Destination } from './destination.ts'
import { folderOf, mailboxPath, syncFolder } from './maildir-folders.ts'
import { keywordLetters } from './maildir-keywords.ts'
import { addUsage, roomIn } from './maildir-quota.ts'

/** RFC 3463 §3.3 and §3.4: the user's share of the disk is used up, or the disk. */
const STATUS: Readonly<Record<string, string>> = { EDQUOT: '4.2.2', ENOSPC: '4.3.1' }

export function createMaildir(config: ChannelConfigOf<'maildir'>, deps: ChannelDeps): Destination {
  async function deliverTo(recipient: Recipient, delivery: Delivery, signal: AbortWish): Promise<Outcome> {
    const box = mailboxPath(deps.mailboxes, config.path, recipient.address)
    if (box === undefined) return { kind: 'failed', status: '5.1.3', reason: 'address that cannot name a mailbox' }
    try {
      const full = await fullBox(box, recipient.address, delivery.envelope.size)
      if (full !== undefined) return full
      const folder = await folderOf(box, recipient, config)
      const name = `${Math.trunc(deps.clock.now() / 1000)}.${delivery.envelope.id}_${randomBytes(6).toString('hex')}.${deps.hostname}`
      await makeMaildir(folder)
      const { part, info } = await placeFor(folder, recipient.copy?.flags ?? [])
      const tmp = join(folder, 'tmp', name)
      const { octets, path } = await placed(tmp, async () => {
        const size = await writeSynced(tmp, delivery, recipient, signal)
        const named = join(folder, part, `${name},S=${size}${info}`)
        await rename(tmp, named)
        return { octets: size, path: named }
      })
      await syncFolder(join(folder, part))
      await addUsage(box, octets)
      return { kind: 'delivered', where: path.slice(deps.mailboxes.length + 1) }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'the message cannot be read'
      // The message of a system error names paths of this machine, and reasons go out in notices.
      return { kind: 'deferred', status: STATUS[code] ?? '4.3.0', reason: `the mailbox cannot be written: ${code}` }
    }
  }

  /** Mail with flags is in `cur`: it has been seen to. */
  async function placeFor(
    folder: string,
    flags: readonly string[],
  ): Promise<{ readonly part: 'new' | 'cur'; readonly info: string }> {
    const keywords = config.keywords ? flags.filter((flag) => !flag.startsWith('\\')) : []
    const letters = systemLetters(flags) + (await keywordLetters(folder, keywords, deps.clock))
    return letters === '' ? { part: 'new', info: '' } : { part: 'cur', info: `:2,${letters}` }
  }

  /** A quota that cannot be looked up keeps no mail away. */
  async function fullBox(box: string, address: MailAddress, octets: number): Promise<Outcome | undefined> {
    const quota = config.overQuota === 'deliver' ? undefined : await deps.quotaOf?.(address)
    const room = quota === undefined ? 'room' : await roomIn(box, quota, octets, deps.clock.now())
    if (room === 'room') return undefined
    // RFC 3463 §3.3 X.2.2.
    if (room === 'full' && config.overQuota === 'hold')
      return { kind: 'deferred', status: '4.2.2', reason: 'the mailbox is full' }
    const reason = room === 'full' ? 'the mailbox is full' : 'the message is larger than the mailbox may be'
    return { kind: 'failed', status: '5.2.2', reason }
  }

  return {
    destinationKey: () => '',
    async deliver(delivery, { signal }) {
      const outcomes: Outcome[] = []
      for (const recipient of delivery.recipients) outcomes.push(await deliverTo(recipient, delivery, signal))
      return outcomes
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** Nothing stays in `tmp` of what was not placed. */
async function placed<T>(tmp: string, place: () => Promise<T>): Promise<T> {
  try {
    return await place()
  } catch (error) {
    await rm(tmp, { force: true })
    throw error
  }
}

/** System flags by their letters in the name of the file. */
const LETTERS: readonly (readonly [string, string])[] = [
  ['\\draft', 'D'],
  ['\\flagged', 'F'],
  ['\\answered', 'R'],
  ['\\seen', 'S'],
  ['\\deleted', 'T'],
]

const systemLetters = (flags: readonly string[]): string => {
  const set = new Set(flags.map((flag) => flag.toLowerCase()))
  return LETTERS.flatMap(([flag, letter]) => (set.has(flag) ? [letter] : [])).join('')
}

/** A mailbox that a crash takes away would take its mail along: what is made here is synced up to what was there. */
async function makeMaildir(folder: string): Promise<void> {
  const made: string[] = []
  for (const part of ['tmp', 'new', 'cur']) {
    const first = await mkdir(join(folder, part), { recursive: true, mode: 0o700 })
    if (first !== undefined) made.push(first)
  }
  if (made.length === 0) return
  const top = dirname(made.reduce((a, b) => (a.length <= b.length ? a : b)))
  for (let at = folder; at.length >= top.length; at = dirname(at)) {
    await syncFolder(at)
    if (at === dirname(at)) break
  }
}

/** @returns octets of the file */
async function writeSynced(path: string, delivery: Delivery, recipient: Recipient, signal: AbortWish): Promise<number> {
  const file = await open(path, 'wx', 0o600)
  try {
    const sender = recipient.sender ?? delivery.envelope.reversePath
    // RFC 5321 §4.4: the final system keeps the reverse path in the message.
    const head = `Return-Path: <${sender ?? ''}>\r\n${field('Delivered-To', recipient.address)}`
    await file.writeFile(Buffer.from(head.replaceAll('\r\n', '\n')))
    await writeWithLf(file, delivery.content(), signal)
    await file.datasync()
    return (await file.stat()).size
  } finally {
    await file.close()
  }
}

/** CRLF becomes LF; a CR alone stays. `writeFile` goes on where `write` would stop short on a disk that fills up. */
async function writeWithLf(file: FileHandle, content: AsyncIterable<Uint8Array>, signal: AbortWish): Promise<void> {
  let heldCr = false
  for await (const piece of content) {
    signal.throwIfAborted()
    const text: string = `${heldCr ? '\r' : ''}${Buffer.from(piece).toString('latin1')}`
    heldCr = text.endsWith('\r')
    const whole = heldCr ? text.slice(0, -1) : text
    await file.writeFile(Buffer.from(whole.replaceAll('\r\n', '\n'), 'latin1'))
  }
  if (heldCr) await file.writeFile('\r')
}
