// SPDX-License-Identifier: Apache-2.0
/**
 * Keywords of messages in Maildirs: letters `a` to `z` at the end of the file's name, whose meanings stand in the file
 * `dovecot-keywords` of the folder, `0 $Junk` for `a` and so on; 26 at most. Names are added under the locks that Dovecot
 * takes: `dovecot-uidlist.lock` is held, the new file is `dovecot-keywords.lock`, and it is renamed into place.
 *
 * A keyword that cannot be written down now is left out; the message is delivered all the same.
 */
import { constants } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../clock/clock.ts'
import { syncFolder } from './maildir-folders.ts'

const FILE = 'dovecot-keywords'
const FILE_LOCK = 'dovecot-keywords.lock'
const LIST_LOCK = 'dovecot-uidlist.lock'

const LETTERS = 26
/** Octets of one name, and of the file: 26 lines. */
const MAX_NAME = 100
const MAX_FILE = 64_000

/** Dovecot holds the lock while it reads a folder; a delivery does not wait for a large one. */
const PATIENCE_MS = 2000
const LOOK_MS = 20

/** The letters of these keywords in the folder, sorted. @param keywords atoms, without `\` in front */
export async function keywordLetters(
  folder: string,
  keywords: readonly string[],
  clock: Pick<Clock, 'after' | 'monotonic'>,
): Promise<string> {
  const wanted = keywords.filter((keyword) => keyword.length <= MAX_NAME)
  if (wanted.length === 0) return ''
  let known = await readNames(folder)
  if (known === undefined) return ''
  if (wanted.some((keyword) => letterOf(known ?? [], keyword) === undefined))
    // Whatever is wrong with the folder, mail comes first.
    known = (await locked(folder, clock, () => addNames(folder, wanted)).catch(() => undefined)) ?? known
  const names = known
  return wanted
    .flatMap((keyword) => letterOf(names, keyword) ?? [])
    .sort()
    .join('')
}

/** Flags are compared without case (RFC 3501 §2.3.2). */
function letterOf(names: readonly (string | undefined)[], keyword: string): string | undefined {
  const at = names.findIndex((name) => name?.toLowerCase() === keyword.toLowerCase())
  return at < 0 ? undefined : String.fromCharCode(0x61 + at)
}

/** By number; `undefined`: the file is there, and is not what Dovecot writes. */
async function readNames(folder: string): Promise<readonly (string | undefined)[] | undefined> {
  let text: string
  try {
    // Never through a link: the folder may be its user's own.
    const file = await open(join(folder, FILE), constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      if ((await file.stat()).size > MAX_FILE) return undefined
      text = await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? [] : undefined
  }
  const names: (string | undefined)[] = []
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, number, name] = /^(\d{1,3}) (.+)$/.exec(line) ?? []
    const at = Number(number)
    if (name === undefined || at >= LETTERS) return undefined
    names[at] = name
  }
  return names
}

/** What stands in the file then. Read again: it may have changed before the lock was ours. */
async function addNames(
  folder: string,
  wanted: readonly string[],
): Promise<readonly (string | undefined)[] | undefined> {
  const known = await readNames(folder)
  if (known === undefined) return undefined
  const names = [...known]
  let changed = false
  for (const keyword of wanted) {
    if (letterOf(names, keyword) !== undefined) continue
    const free = names.indexOf(undefined)
    const at = free < 0 ? names.length : free
    if (at >= LETTERS) break
    names[at] = keyword
    changed = true
  }
  if (!changed) return names
  const path = join(folder, FILE_LOCK)
  // Who holds the list's lock owns this name; what is there was left by a crash.
  await rm(path, { force: true })
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(names.flatMap((name, at) => (name === undefined ? [] : `${at} ${name}\n`)).join(''))
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(path, join(folder, FILE))
  await syncFolder(folder)
  return names
}

/** `undefined`: the lock was not to be had. A lock of another is never broken: Dovecot removes those of the dead. */
async function locked<T>(
  folder: string,
  clock: Pick<Clock, 'after' | 'monotonic'>,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const path = join(folder, LIST_LOCK)
  const until = clock.monotonic() + PATIENCE_MS
  for (;;) {
    try {
      const lock = await open(path, 'wx', 0o600)
      try {
        // As Dovecot writes it, which looks whether the process is alive.
        await lock.writeFile(`${process.pid}:${hostname()}`)
      } finally {
        await lock.close()
      }
      break
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      if (clock.monotonic() >= until) return undefined
      await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve))
    }
  }
  try {
    return await work()
  } finally {
    // Held too long it may have been taken from us.
    if ((await readFile(path, 'utf8').catch(() => '')) === `${process.pid}:${hostname()}`)
      await rm(path, { force: true })
  }
}
