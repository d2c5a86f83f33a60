// SPDX-License-Identifier: Apache-2.0
/** From what was said in a hypothetical session to what becomes of each recipient. */
import type { Envelope } from '../envelope/envelope.ts'
import { fate } from '../policy/filters/fate.ts'
import type { RecipientVerdict, Trace } from '../policy/trace.ts'
import type { Exchange, Hypothesis, RecipientOutcome, Verdict } from './hypothesis.ts'
import type { Scenario } from './scenario.ts'

export function outcomeOf(
  { to }: Scenario,
  exchanges: readonly Exchange[],
  traces: readonly Trace[],
  envelope: Envelope | undefined,
): Pick<Hypothesis, 'verdict' | 'recipients' | 'disposition' | 'sender' | 'hold'> {
  const disposition = traces.at(-1)?.outcome ?? 'abandoned'
  const recipients = recipientOutcomes(to, exchanges, traces, envelope)
  const verdicts = new Set(recipients.map(({ verdict }) => verdict))
  const [only] = verdicts
  return {
    verdict: only === undefined ? verdictOf(lastWord(exchanges)) : verdicts.size === 1 ? only : 'mixed',
    recipients,
    disposition,
    ...(envelope === undefined ? {} : { sender: envelope.reversePath ?? '' }),
    ...(envelope?.hold === undefined ? {} : { hold: envelope.hold.reason }),
  }
}

function recipientOutcomes(
  to: readonly string[],
  exchanges: readonly Exchange[],
  traces: readonly Trace[],
  envelope: Envelope | undefined,
): readonly RecipientOutcome[] {
  const rcpts = exchanges.filter(({ step }) => step === 'rcpt')
  const content = exchanges.find(({ step }) => step === 'content') ?? exchanges.find(({ step }) => step === 'data')
  const known = new Map<string, RecipientVerdict[]>()
  for (const verdict of traces.flatMap(({ recipients }) => recipients))
    known.set(verdict.given, [...(known.get(verdict.given) ?? []), verdict])
  let accepted = 0
  return to.map((given, i) => {
    const reply = rcpts[i]?.replies.at(-1)
    // The session ended before its turn came.
    if (reply === undefined) return { to: given, ...heard(lastWord(exchanges)) }
    if (!reply.startsWith('2')) return { to: given, ...heard(reply) }
    const becomes = known.get(given)?.shift()?.becomes ?? []
    const replies = content?.replies ?? []
    // LMTP has one reply for each accepted RCPT (RFC 2033 §4.2), SMTP one for all.
    const last = replies.length > 1 ? replies[accepted] : replies.at(-1)
    accepted++
    const final = last ?? lastWord(exchanges)
    const verdict = final?.startsWith('2') === true ? kept(given, envelope, becomes) : verdictOf(final)
    const shown = becomes.map((one) => ({ ...one, ...filteredOf(given, one.address, envelope) }))
    return { to: given, verdict, ...(final === undefined ? {} : { reply: final }), becomes: shown }
  })
}

function filteredOf(given: string, address: string, envelope: Envelope | undefined): { readonly filtered?: string } {
  const queued = envelope?.recipients.find((each) => each.given === given && each.address === address)
  return queued?.filtered === undefined ? {} : { filtered: fate(queued) }
}

const heard = (reply: string | undefined): Pick<RecipientOutcome, 'verdict' | 'reply'> => ({
  verdict: verdictOf(reply) === 'accepted' ? 'refused' : verdictOf(reply),
  ...(reply === undefined ? {} : { reply }),
})

function kept(
  given: string,
  envelope: Envelope | undefined,
  becomes: readonly { readonly channel: string }[],
): Verdict {
  if (envelope?.hold !== undefined) return 'held'
  const queued = envelope?.recipients.filter((recipient) => recipient.given === given) ?? []
  // One that was named twice is queued once: it comes to what the first came to.
  const channels = (queued.length > 0 ? queued : becomes).map(({ channel }) => channel)
  if (channels.length > 0 && channels.every((channel) => channel === 'bitbucket')) return 'discarded'
  if (channels.length > 0 && channels.every((channel) => channel === 'hold')) return 'held'
  return 'accepted'
}

/** What the server last said before the client took its leave. */
const lastWord = (exchanges: readonly Exchange[]): string | undefined =>
  exchanges.findLast(({ step }) => step !== 'quit')?.replies.at(-1)

/** Silence in front of a closed connection is a refusal. */
const verdictOf = (reply: string | undefined): Verdict =>
  reply === undefined ? 'refused' : reply.startsWith('4') ? 'deferred' : /^[23]/.test(reply) ? 'accepted' : 'refused'
