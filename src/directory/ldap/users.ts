// SPDX-License-Identifier: Apache-2.0
/** What an entry of a user says of mail: where it is kept, forwarded, and how much of it. */
import type { AddressEntry, MailboxQuota } from '../../ask/questions.ts'
import { allOf, firstOf, type LdapEntry } from './entry.ts'
import { addressIn } from './groups.ts'
import type { Person } from './people.ts'
import type { AttributeNames, LdapConfig } from './settings.ts'

/** Delivery options that leave the message in a mailbox of ours; `autoreply` says nothing of where it goes. */
const MAILBOX: ReadonlySet<string> = new Set(['mailbox', 'native', 'unix'])

/** What becomes of mail for a user: mailDeliveryOption, mailForwardingAddress, mailHost. */
export function userOf(
  { entry, addresses: [address] }: Person,
  status: 'active' | 'disabled' | 'suspended',
  { config, hostname, mailbox }: { readonly config: LdapConfig; readonly hostname: string; readonly mailbox: boolean },
): AddressEntry {
  const names = config.attributes
  const name = `user ${address}`
  const options = new Set(allOf(entry, names.deliveryOption).map((option) => option.trim().toLowerCase()))
  const forwards = options.has('forward')
  const stays = options.size === 0 || [...options].some((option) => MAILBOX.has(option)) || !forwards
  const unknown = [...options].some((option) => !MAILBOX.has(option) && option !== 'forward' && option !== 'autoreply')
  if (forwards && !mailbox && status === 'active' && !unknown) {
    const targets = allOf(entry, names.forwardingAddress).flatMap((text) => addressIn(text) ?? [])
    if (targets.length > 0)
      return {
        kind: 'group',
        entry: name,
        members: [...targets, ...(stays ? [address] : [])].map((member) => ({ address: member })),
      }
  }
  // Forwarded nowhere, or in a way that is not known here: the sender tries again until somebody has looked.
  const open = unknown || (forwards && !stays && !mailbox)
  const host = firstOf(entry, names.host)?.trim().toLowerCase()
  const elsewhere = host === undefined || host === '' || host === hostname ? {} : { host }
  const quota = quotaOf(entry, names)
  return {
    kind: 'user',
    entry: name,
    user: address,
    status: status === 'active' && open ? 'suspended' : status,
    ...elsewhere,
    ...(quota === undefined ? {} : { quota }),
  }
}

function quotaOf(entry: LdapEntry, names: AttributeNames): MailboxQuota | undefined {
  const octets = limitOf(firstOf(entry, names.quota))
  const messages = limitOf(firstOf(entry, names.messageQuota))
  if (octets === undefined && messages === undefined) return undefined
  return { ...(octets === undefined ? {} : { octets }), ...(messages === undefined ? {} : { messages }) }
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }

/** `30000000`, `30M`. Negative numbers mean no limit, and so does what is no number. */
function limitOf(text: string | undefined): number | undefined {
  const m = /^\s*(\d{1,12})\s*([KMG]?)\s*$/i.exec(text ?? '')
  return m === null ? undefined : Number(m[1]) * (UNITS[(m[2] ?? '').toUpperCase()] ?? 1)
}
