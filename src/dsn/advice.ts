// SPDX-License-Identifier: Apache-2.0
/** What a sender can do about a failure, by enhanced status code: RFC 3463 §3, subject and detail. */

const BY_CODE: Readonly<Record<string, string>> = {
  '1.1': 'look for a typing mistake in the address, or ask the person for the right one.',
  '1.2': 'look for a typing mistake in the part after the @, or ask the person for the right address.',
  '1.3': 'look for a typing mistake in the address.',
  '1.6': 'the person has moved; ask for the new address.',
  '1.10': 'this domain takes no mail at all; look for a typing mistake in it, or reach the person another way.',
  '2.1': 'this mailbox takes no mail at present; reach the person another way.',
  '2.2': 'the mailbox is full; tell the person another way, and send the message again later.',
  '2.3': 'send a smaller message, or a link to where the large part can be fetched.',
  '3.4': 'send a smaller message, or a link to where the large part can be fetched.',
  '4.6': 'the message went round in circles; tell the postmaster below.',
  '4.7': 'send the message again later, or reach the person another way.',
  '6.7': 'the other system cannot take addresses with these characters; use another address if there is one.',
}

const BY_SUBJECT: Readonly<Record<string, string>> = {
  '1': 'look for a typing mistake in the address, or ask the person for the right one.',
  '2': 'send the message again later, or reach the person another way.',
  '3': 'send the message again later, or reach the person another way.',
  '4': 'send the message again later; if that fails too, look for a typing mistake in the part after the @.',
  '5': 'send the message again later; if that fails too, tell the postmaster below.',
  '6': 'send the message in a simpler form, as plain text without attachments.',
  '7': 'the message was refused by a rule; the words above may say which. Ask the person, or the postmaster below.',
}

const OTHERWISE = 'send the message again later, or reach the person another way.'

export function adviceFor(status: string): string {
  const [, subject = '', detail = ''] = /^\d\.(\d{1,3})\.(\d{1,3})$/.exec(status) ?? []
  return BY_CODE[`${subject}.${detail}`] ?? BY_SUBJECT[subject] ?? OTHERWISE
}
