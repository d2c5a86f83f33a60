// SPDX-License-Identifier: Apache-2.0
/**
 * The part of a notification that people read. The first sentence says what happened, to whom and why; then what the
 * reader can do; then what a postmaster needs. In English; RFC 6522 §3 asks for words, not for a form.
 */
import { decodeWords, encodeText } from '../mime/encoded-word.ts'
import { formatDate } from '../mime/fields.ts'
import { adviceFor } from './advice.ts'
import type { NoticeInput, NoticeKind, NoticeRecipient } from './notice-input.ts'
import { diagnosticText, wrap } from './plain-text.ts'

/** Recipients described one by one; of more the second part tells. */
const MAX_LISTED = 100
/** Characters of an address or subject in text for people. */
const MAX_SHOWN = 320

const SEVERAL: Record<NoticeKind, string> = {
  failure: 'Not delivered to some recipients',
  delay: 'Delayed, still trying',
  success: 'Delivered',
}
const ONE: Record<NoticeKind, string> = {
  failure: 'Not delivered to',
  delay: 'Delayed, still trying:',
  success: 'Delivered to',
}

/** The Subject field of the notice. */
export function subjectLine({ kind, recipients }: NoticeInput): string {
  const [only, second] = recipients
  return only === undefined || second !== undefined
    ? SEVERAL[kind]
    : `${ONE[kind]} ${encodeText(shown(only.given).slice(0, 120))}`
}

export function humanText(input: NoticeInput): string {
  const { kind, recipients } = input
  const [only, second] = recipients
  const paragraphs =
    only !== undefined && second === undefined ? aboutOne(input, only) : aboutSeveral(input, recipients)
  const { original } = input
  const subject = original.subject === undefined ? [] : [`Subject: ${shown(decodeWords(original.subject))}`]
  const about = [...subject, `Taken in: ${formatDate(original.arrivedMs, input.offsetMinutes ?? 0)}`]
  const contents = original.returned === 'full' ? 'The message is attached.' : 'Its header is attached.'
  const number = `The mail system at ${input.hostname} wrote this; its number for your message is ${original.id}.`
  const help = kind === 'success' ? number : `${number} If you need help, send this to postmaster@${input.hostname}.`
  return [
    ...paragraphs,
    `Your message:\r\n${about.map((line) => wrap(line, '  ')).join('')}`,
    wrap(`${contents} ${help}`),
  ].join('\r\n')
}

function aboutOne(input: NoticeInput, recipient: NoticeRecipient): string[] {
  const to = nameOf(recipient)
  const why = whyOf(recipient)
  const because = why === undefined ? '.' : `: ${why}`
  switch (recipient.action) {
    case 'failed':
      return [
        wrap(`Your message could not be delivered to ${to}${because}`),
        wrap(`What you can do: ${adviceFor(recipient.status)}`),
      ]
    case 'delayed':
      return [wrap(`Your message has not reached ${to} yet${because}`), wrap(patience(input, recipient))]
    case 'delivered':
      return [wrap(`Your message was delivered to ${to}.`)]
    case 'relayed':
      return [
        wrap(`Your message was handed on for ${to} to ${remoteName(recipient) ?? 'the next mail system'}.`),
        wrap('That system does not report deliveries, so you will hear no more unless something goes wrong.'),
      ]
    case 'expanded':
      return [wrap(`Your message has reached ${to} and was sent on to everyone behind that address.`)]
    default:
      return recipient.action satisfies never
  }
}

function aboutSeveral(input: NoticeInput, recipients: readonly NoticeRecipient[]): string[] {
  const count = recipients.length
  const first: Record<NoticeKind, string> = {
    failure: `Your message could not be delivered to ${count} of its recipients, for the reasons below.`,
    delay: `Your message has not reached ${count} of its recipients yet, for the reasons below.`,
    success: `Your message has reached ${count} of its recipients:`,
  }
  const listed = recipients.slice(0, MAX_LISTED)
  const advice = new Set(listed.map(({ status }) => adviceFor(status)))
  // One piece of advice for all is given once, below the list.
  const [common] = advice.size === 1 ? advice : []
  const items = listed.map((recipient) => {
    const why = recipient.action === 'relayed' ? relayedShort(recipient) : whyOf(recipient)
    const own =
      input.kind === 'failure' && common === undefined
        ? wrap(`What you can do: ${adviceFor(recipient.status)}`, '    ')
        : ''
    return `${wrap(nameOf(recipient), '  ')}${why === undefined ? '' : wrap(why, '    ')}${own}`
  })
  const [longest] = recipients.toSorted((a, b) => (b.willRetryUntilMs ?? 0) - (a.willRetryUntilMs ?? 0))
  return [
    wrap(first[input.kind]),
    items.join(''),
    ...(count > MAX_LISTED ? [wrap(`${count - MAX_LISTED} more stand in the second part of this notice.`)] : []),
    ...(input.kind === 'failure' && common !== undefined ? [wrap(`What you can do: ${common}`)] : []),
    ...(input.kind === 'delay' && longest !== undefined ? [wrap(patience(input, longest))] : []),
  ]
}

function patience(input: NoticeInput, { willRetryUntilMs }: NoticeRecipient): string {
  const until = willRetryUntilMs === undefined ? '' : ` until ${formatDate(willRetryUntilMs, input.offsetMinutes ?? 0)}`
  return `You need not send it again: we keep trying${until}, and tell you if we have to give up.`
}

/** The address the sender typed, and where it led when that is another. */
function nameOf({ given, address }: NoticeRecipient): string {
  const same = given.toLowerCase() === address.toLowerCase()
  return same ? shown(given) : `${shown(given)} (which leads to ${shown(address)})`
}

const shown = (text: string): string => {
  const clean = diagnosticText(text, true)
  return clean.length <= MAX_SHOWN ? clean : `${[...clean].slice(0, MAX_SHOWN).join('')} ...`
}

const remoteName = ({ remote }: NoticeRecipient): string | undefined => {
  const name = remote?.mta ?? remote?.address
  return name === undefined ? undefined : diagnosticText(name, false).slice(0, 255)
}

const relayedShort = (recipient: NoticeRecipient): string =>
  `handed on to ${remoteName(recipient) ?? 'the next mail system'}, which does not report deliveries`

/** Why, as a clause that ends with a full stop; the remote system's own words where it gave some. */
function whyOf(recipient: NoticeRecipient): string | undefined {
  const { remote, reason, action } = recipient
  if (action !== 'failed' && action !== 'delayed') return undefined
  if (remote?.reply !== undefined)
    return `${remoteName(recipient) ?? 'the other mail system'} answered "${diagnosticText(remote.reply, true)}".`
  if (reason === undefined) return undefined
  const clause = diagnosticText(reason, true)
  return /[.!?]$/.test(clause) ? clause : `${clause}.`
}
