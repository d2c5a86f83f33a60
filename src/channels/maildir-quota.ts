// SPDX-License-Identifier: Apache-2.0
/**
 * Quotas of Maildirs, as Maildir++ has them: the file `maildirsize` holds what the mailbox may hold and what came and went,
 * one line each. Where there is none, or it is not to be believed, the files are counted, all folders together, and it is
 * written anew. Sizes stand in the names of files (`,S=`), so that counting need not look into them.
 *
 * Programs that delete mail without saying so in the file are noticed when the mailbox is full: it is then counted again
 * where a folder has changed since, and once in so long in any case. Deliveries at the same moment may go over a quota by what they bring.
 */
import { randomBytes } from 'node:crypto'
import { constants, type Dirent } from 'node:fs'
import { open, opendir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MailboxQuota, MailboxRoom } from '../ask/questions.ts'

const FILE = 'maildirsize'
/** A longer file is written anew; as Maildir++ has it. */
const MAX_FILE = 5120
/** What the file says of a full mailbox is believed so long; as Maildir++ has it. */
const BELIEVED_MS = 15 * 60_000
/** Folders that are looked into. */
const MAX_FOLDERS = 5000
/** Names that are looked at in one count; a mailbox with more counts as one that has so many. */
const MAX_NAMES = 200_000

interface Usage {
  readonly octets: number
  readonly messages: number
}

/** @param octets of the message @param now wall-clock milliseconds @throws Error when the mailbox cannot be read */
export async function roomIn(box: string, quota: MailboxQuota, octets: number, now: number): Promise<MailboxRoom> {
  const fits = ({ octets: used, messages }: Usage): boolean =>
    used + octets <= (quota.octets ?? Number.POSITIVE_INFINITY) &&
    messages + 1 <= (quota.messages ?? Number.POSITIVE_INFINITY)
  if (!fits({ octets: 0, messages: 0 })) return 'too-large'
  const written = await readUsage(box, quota)
  if (written !== undefined && fits(written)) return 'room'
  const fresh = written !== undefined && Math.abs(now - written.at) < BELIEVED_MS
  if (fresh && !(await changedSince(box, written.at))) return 'full'
  const counted = await count(box)
  await writeUsage(box, quota, counted)
  return fits(counted) ? 'room' : 'full'
}

/** A message of so many octets has come. Where no file is kept there is nothing to say; nor does it matter if it cannot be. */
export async function addUsage(box: string, octets: number): Promise<void> {
  try {
    const file = await open(join(box, FILE), constants.O_WRONLY | constants.O_APPEND)
    try {
      await file.write(`${octets} 1\n`)
    } finally {
      await file.close()
    }
  } catch {
    // It is counted again when the mailbox seems full.
  }
}

/** `3000000S,1000C`: octets and messages. */
const head = ({ octets, messages }: MailboxQuota): string =>
  [...(octets === undefined ? [] : [`${octets}S`]), ...(messages === undefined ? [] : [`${messages}C`])].join(',')

/** `undefined`: no file, or none for this quota, or damaged. */
async function readUsage(box: string, quota: MailboxQuota): Promise<(Usage & { readonly at: number }) | undefined> {
  const path = join(box, FILE)
  try {
    const { size, mtimeMs: at } = await stat(path)
    if (size > MAX_FILE) return undefined
    const [first, ...lines] = (await readFile(path, 'latin1')).split('\n')
    if (first?.trim() !== head(quota)) return undefined
    let [octets, messages] = [0, 0]
    for (const line of lines) {
      if (line.trim() === '') continue
      const m = /^\s*(-?\d{1,15})\s+(-?\d{1,9})\s*$/.exec(line)
      if (m === null) return undefined
      octets += Number(m[1])
      messages += Number(m[2])
    }
    return octets < 0 || messages < 0 ? undefined : { octets, messages, at }
  } catch {
    return undefined
  }
}

async function writeUsage(box: string, quota: MailboxQuota, { octets, messages }: Usage): Promise<void> {
  const tmp = join(box, 'tmp', `${FILE}.${randomBytes(8).toString('hex')}`)
  try {
    await writeFile(tmp, `${head(quota)}\n${octets} ${messages}\n`, { mode: 0o600 })
    await rename(tmp, join(box, FILE))
  } catch {
    // Without a mailbox yet there is nothing to write; the next delivery counts again.
    await rm(tmp, { force: true })
  }
}

/** `new` and `cur` of the box and its folders. */
async function partsOf(box: string): Promise<readonly string[]> {
  const folders = [box]
  let names = 0
  for await (const entry of entriesOf(box)) {
    if (++names > MAX_FOLDERS) break
    if (entry.isDirectory() && entry.name.startsWith('.')) folders.push(join(box, entry.name))
  }
  return folders.flatMap((folder) => [join(folder, 'new'), join(folder, 'cur')])
}

/**
 * Something came, went or was marked there. What we deliver is in the file before anybody asks again. File systems tell
 * times by ticks of some milliseconds: what happened in the same one may have happened after.
 */
async function changedSince(box: string, at: number): Promise<boolean> {
  for (const part of await partsOf(box)) {
    const about = await stat(part).catch(() => undefined)
    if (about !== undefined && about.mtimeMs >= at) return true
  }
  return false
}

async function count(box: string): Promise<Usage> {
  const total = { octets: 0, messages: 0, names: 0 }
  for (const part of await partsOf(box))
    for await (const { name } of entriesOf(part)) {
      if (++total.names > MAX_NAMES) return total
      total.octets += await sizeOf(join(part, name), name)
      total.messages++
    }
  return total
}

async function* entriesOf(folder: string): AsyncGenerator<Dirent> {
  try {
    for await (const entry of await opendir(folder)) yield entry
  } catch (error) {
    // Not made yet, or a file that only looks like a folder.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')))
      throw error
  }
}

/** From the name where it is there. What has gone meanwhile takes no room. */
async function sizeOf(path: string, name: string): Promise<number> {
  const m = /,S=(\d{1,15})(?=[,:]|$)/.exec(name)
  if (m !== null) return Number(m[1])
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}
