// SPDX-License-Identifier: Apache-2.0
/** What filter scripts ask of a server: its Maildirs, what it remembers, files that hold users' scripts. */
import { access, readFile } from 'node:fs/promises'
import { parseAddress } from '../address/path.ts'
import type { Host } from '../ask/ask.ts'
import { mailboxFolder, mailboxPath } from '../channels/maildir.ts'
import type { Clock } from '../clock/clock.ts'
import type { LoadedRevision } from '../config/where.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import { channelConfig } from '../policy/channels.ts'
import { LOCAL_CHANNEL } from '../policy/route.ts'
import { isDuplicate } from '../queue/filtered/send.ts'
import type { Counters } from '../state/counters.ts'

const ABSENT = { kind: 'absent' } as const

export function filterAnswers(parts: {
  readonly counters: Counters
  readonly clock: Pick<Clock, 'now'>
  readonly revision: () => LoadedRevision
  /** Root of the Maildirs. */
  readonly mailboxes: string
}): Pick<Host, 'mailbox.find' | 'memory.known' | 'filter.file'> {
  const { counters, clock, revision, mailboxes } = parts
  return {
    /** Of Maildirs alone: another store is not looked into. Special uses and object identifiers are not kept in them. */
    'mailbox.find': async ({ user, mailbox, attribute, id }) => {
      const local = channelConfig(revision(), LOCAL_CHANNEL)
      const store = local.kind === 'local' ? channelConfig(revision(), local.store as ChannelName) : local
      const address = parseAddress(user)
      if (store.kind !== 'maildir' || address === undefined || mailbox === undefined) return ABSENT
      if (attribute !== undefined || id !== undefined) return ABSENT
      const box = mailboxPath(mailboxes, store.path, address)
      const folder = box === undefined ? undefined : mailboxFolder(box, mailbox)
      if (folder === undefined) return ABSENT
      // The inbox is made with its first message.
      if (folder === box) return { kind: 'found', value: 'INBOX' }
      return await access(folder).then(
        () => ({ kind: 'found', value: mailbox }) as const,
        () => ABSENT,
      )
    },
    'memory.known': async ({ of, owner, id }) => {
      if (of !== 'duplicate') return ABSENT
      return await isDuplicate(counters, { owner, id, now: clock.now() })
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
