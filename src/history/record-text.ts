// SPDX-License-Identifier: Apache-2.0
/**
 * A record as one line of a trace file: the same JSON as `JSON.stringify` gives, but for the order of a step's fields and
 * for what is not ASCII, which is escaped. Of a trace most has been written by whoever made it (policy/saying.ts): to
 * write it out anew was a twentieth of a worker's time.
 */
import { factText } from '../policy/fact-text.ts'
import { jsonText, unquoted } from '../policy/json-text.ts'
import { Saying } from '../policy/saying.ts'
import type { RecipientVerdict, Trace, TraceRecord } from '../policy/trace.ts'
import { writtenOf } from '../policy/trace-builder.ts'

export const recordLine = (record: TraceRecord): string =>
  record.record === 'trace' ? traceLine(record) : `${jsonText(record)}\n`

/**
 * Steps and facts stand last: who wants neither reads to the first of them (lines.ts). Its pieces are put together at once:
 * added one to another, most of the time went into the texts in between.
 */
function traceLine(trace: Trace): string {
  const { steps, facts, cut } = trace
  const written = writtenOf(trace)
  const pieces = [headText(trace)]
  let before: Saying | undefined
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i] as Trace['steps'][number]
    const saying = written?.sayings[i] ?? new Saying(step)
    pieces.push(before === undefined ? `,"steps":[${saying.beginning}` : saying.behind(before), whenAndOfWhom(step))
    before = saying
  }
  const factTexts = written?.facts ?? facts.map(factText)
  const end = cut === undefined ? '' : `,"cut":${jsonText(cut)}`
  pieces.push(before?.end ?? ',"steps":[', '],"facts":[', factTexts.join(), ']', end, '}\n')
  return pieces.join('')
}

/** What is not the same in each trace that says so. */
function whenAndOfWhom({ ms, recipients }: Trace['steps'][number]): string {
  if (recipients === undefined) return String(ms)
  const [only] = recipients
  return `${ms},"recipients":${recipients.length === 1 && only !== undefined ? `["${unquoted(only)}"]` : jsonText(recipients)}`
}

/** All that stands before the steps, without the bracket that ends it. */
function headText(trace: Trace): string {
  const { id, session, at, revision, listener, client, server, source, outcome } = trace
  let text = `{"record":"trace","version":1,"id":"${unquoted(id)}","session":"${unquoted(session)}","at":${at}`
  text += `,"revision":"${unquoted(revision)}","listener":"${unquoted(listener)}"`
  text += `,"client":{${endText(client)}},"server":{${endText(server)}},"source":"${unquoted(source)}"`
  for (const name of TEXTS) {
    const value = trace[name]
    if (value !== undefined) text += `,"${name}":"${unquoted(value)}"`
  }
  if (trace.size !== undefined) text += `,"size":${trace.size}`
  return `${text},"recipients":[${trace.recipients.map(recipientText).join()}],"outcome":"${outcome}"`
}

const TEXTS = ['helo', 'tls', 'login', 'from', 'subject', 'messageIdField'] as const satisfies readonly (keyof Trace)[]

const endText = ({ address, port }: Trace['client']): string => `"address":"${unquoted(address)}","port":${port}`

function recipientText({ given, result, reply, becomes }: RecipientVerdict): string {
  const text = `{"given":"${unquoted(given)}","result":"${result}","reply":"${unquoted(reply)}"`
  return `${text}${becomes === undefined ? '' : `,"becomes":[${becomes.map(placeText).join(',')}]`}}`
}

const placeText = ({ address, channel }: NonNullable<RecipientVerdict['becomes']>[number]): string =>
  `{"address":"${unquoted(address)}","channel":"${unquoted(channel)}"}`
