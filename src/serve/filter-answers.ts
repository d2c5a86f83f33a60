// SPDX-License-Identifier: Apache-2.0
/** What filter scripts ask of a server: its Maildirs, what it remembers, files that hold users' scripts. */
import { readFile } from 'node:fs/promises'
import { parseAddress } from '../address/path.ts'
import type { Host } from '../ask/ask.ts'
import { folderWithId, isThere, mailboxFolder, mailboxPath, specialFolder } from '../channels/maildir-folders.ts'
import type { Clock } from '../clock/clock.ts'
import type { LoadedRevision } from '../config/where.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import { channelConfig } from '../policy/channels.ts'
import { LOCAL_CHANNEL } from '../policy/route.ts'
import { claimDuplicate, unclaimDuplicate } from '../queue/filtered/duplicates.ts'
import type { Counters } from '../state/counters.ts'

const ABSENT = { kind: 'absent' } as const

/** A twin is mostly delivered within this; a client waits minutes for the reply to its content (RFC 5321 §4.5.3.2.6). */
const BUSY_MS = 5000
const FIRST_LOOK_MS = 50

export function filterAnswers(parts: {
  readonly counters: Counters
  readonly clock: Pick<Clock, 'after' | 'monotonic'>
  readonly revision: () => LoadedRevision
  /** Root of the Maildirs. */
  readonly mailboxes: string
}): Pick<Host, 'mailbox.find' | 'memory.claim' | 'memory.unclaim' | 'filter.file'> {
  const { counters, clock, revision, mailboxes } = parts
  return {
    /** Of Maildirs alone: another store is not looked into. */
    'mailbox.find': async ({ user, mailbox, attribute, id }) => {
      const local = channelConfig(revision(), LOCAL_CHANNEL)
      const store = local.kind === 'local' ? channelConfig(revision(), local.store as ChannelName) : local
      const address = parseAddress(user)
      if (store.kind !== 'maildir' || address === undefined) return ABSENT
      const box = mailboxPath(mailboxes, store.path, address)
      if (box === undefined) return ABSENT
      if (attribute !== undefined || id !== undefined) {
        const found = id === undefined ? await specialFolder(box, attribute ?? '', store) : await folderWithId(box, id)
        const same = mailbox === undefined || found?.folder === mailboxFolder(box, mailbox)
        return found === undefined || !same ? ABSENT : { kind: 'found', value: found.mailbox }
      }
      const folder = mailbox === undefined ? undefined : mailboxFolder(box, mailbox)
      if (folder === undefined || mailbox === undefined) return ABSENT
      // The inbox is made with its first message.
      if (folder === box) return { kind: 'found', value: 'INBOX' }
      return (await isThere(folder)) ? { kind: 'found', value: mailbox } : ABSENT
    },
    'memory.claim': async ({ owner, id, by }) => {
      const until = clock.monotonic() + BUSY_MS
      // Ever more seldom: a crowd of twins asks one process.
      for (let waitMs = FIRST_LOOK_MS; ; waitMs *= 2) {
        const answer = await claimDuplicate(counters, { owner, id }, by)
        if (answer.kind !== 'found') return answer
        if (answer.value === 'known') return { kind: 'found', value: true }
        if (answer.value === 'free') return ABSENT
        if (clock.monotonic() >= until) return { kind: 'defer', cause: 'the same message is being delivered now' }
        await new Promise<void>((resolve) => clock.after(waitMs, resolve))
      }
    },
    'memory.unclaim': async ({ owner, id, by }) => {
      // A claim that stays ends by itself.
      await unclaimDuplicate(counters, { owner, id }, by).catch(() => {})
      return undefined
    },
    'filter.file': async ({ file, most }) => {
      try {
        const text = await readFile(file, 'utf8')
        return text.length > most ? { kind: 'defer', cause: `${file} is too long` } : { kind: 'found', value: text }
      } catch (error) {
        const missing =
          error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
        return missing ? ABSENT : { kind: 'defer', cause: `${file} cannot be read` }
      }
    },
  }
}
