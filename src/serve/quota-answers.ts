// SPDX-License-Identifier: Apache-2.0
/** Quotas of mailboxes: what the directory allows, and whether there is room in the Maildir. */
import type { MailAddress } from '../address/address.ts'
import type { Host } from '../ask/ask.ts'
import type { MailboxQuota } from '../ask/questions.ts'
import { mailboxPath } from '../channels/maildir-folders.ts'
import { roomIn } from '../channels/maildir-quota.ts'
import type { Clock } from '../clock/clock.ts'
import type { LoadedRevision } from '../config/where.ts'
import type { DirectoryHost } from '../directory/host.ts'
import { channelConfig } from '../policy/channels.ts'

export interface Quotas extends Pick<Host, 'mailbox.room'> {
  /** `undefined`: no limit, or not known now. */
  readonly quotaOf: (address: MailAddress) => Promise<MailboxQuota | undefined>
}

export function quotaAnswers(parts: {
  readonly directory: () => Pick<DirectoryHost, 'directory.address'>
  readonly revision: () => LoadedRevision
  readonly clock: Pick<Clock, 'now'>
  /** Root of the Maildirs. */
  readonly mailboxes: string
}): Quotas {
  const { directory, revision, clock, mailboxes } = parts
  const quotaOf = async (address: MailAddress): Promise<MailboxQuota | undefined> => {
    const answer = await directory()['directory.address']({ ask: 'directory.address', address, mailbox: true })
    return answer.kind === 'found' && answer.value.kind === 'user' ? answer.value.quota : undefined
  }
  return {
    quotaOf,
    'mailbox.room': async ({ user, channel, octets }) => {
      const store = channelConfig(revision(), channel)
      const box = store.kind === 'maildir' ? mailboxPath(mailboxes, store.path, user) : undefined
      const quota = box === undefined ? undefined : await quotaOf(user)
      if (box === undefined || quota === undefined) return { kind: 'absent' }
      try {
        return { kind: 'found', value: await roomIn(box, quota, octets, clock.now()) }
      } catch (error) {
        return { kind: 'defer', cause: `the mailbox cannot be read: ${error instanceof Error ? error.message : error}` }
      }
    },
  }
}
