// SPDX-License-Identifier: Apache-2.0
/** The answer to "why", on one line and out of many steps. */
import type { DecidedBy, SourceRef } from '../ask/decided-by.ts'
import type { Moment } from '../policy/moment.ts'
import type { Step, TraceRecord } from '../policy/trace.ts'
import { clean } from './clean.ts'

/** One line: `postern.yaml:12:5 channels.tcp_local.relay`. */
export function describeDecidedBy(by: DecidedBy): string {
  switch (by.by) {
    case 'config':
      return `${place(by.at)} ${clean(by.setting)}`
    case 'default':
      return `default ${clean(by.setting)}: ${clean(by.value, 100)}`
    case 'directory':
      return by.at === undefined ? `directory: ${clean(by.entry)}` : `${place(by.at)} ${clean(by.entry)}`
    case 'table':
      return by.at === undefined ? `${clean(by.table)}: no row` : `${place(by.at)} ${clean(by.table)}`
    case 'protocol':
      return clean(by.rule)
    case 'built-in':
      return by.at === undefined ? `built in: ${clean(by.rule)}` : `${place(by.at)} ${clean(by.rule)}`
    case 'filter': {
      const { level, script, line, at } = by
      return `${at === undefined ? clean(script) + (line === undefined ? '' : `:${line}`) : place(at)} ${level} filter`
    }
    case 'remote':
      return `${clean(by.host)} said: ${clean(by.reply)}`
    case 'operator':
      return `operator: ${clean(by.command)}`
    default:
      return by satisfies never
  }
}

const place = ({ file, line, column }: SourceRef): string => `${clean(file)}:${line}:${column}`

/** The place of what decided, where it stands in a file. */
export const sourceOf = (by: DecidedBy): SourceRef | undefined => ('at' in by ? by.at : undefined)

export interface Decision {
  readonly at: Moment
  /** Of the stage, or the channel that delivered. */
  readonly stage: string
  readonly by: DecidedBy
}

/**
 * What decided what became of a message, or of one recipient (as typed, or what it became): the last delivery of it,
 * else the last stage that refused, deferred, held or discarded it, else the filter that said where it goes, else the
 * last that changed anything about it.
 * @param records in order of time
 */
export function decidedBy(records: readonly TraceRecord[], recipient?: string): Decision | undefined {
  const wanted = recipient?.toLowerCase()
  const names = new Set(wanted === undefined ? [] : [wanted])
  for (const record of records)
    if (record.record === 'trace')
      for (const { given, becomes = [] } of record.recipients) {
        const all = [given, ...becomes.map(({ address }) => address)].map((name) => name.toLowerCase())
        if (all.some((name) => name === wanted)) for (const name of all) names.add(name)
      }
  const about = (list: readonly string[]): boolean =>
    wanted === undefined || list.some((name) => names.has(name.toLowerCase()))

  const delivery = records
    .filter((record) => record.record === 'delivery')
    .findLast(({ recipients }) => about(recipients.map(({ address }) => address)))
  if (delivery !== undefined) {
    const one = wanted === undefined ? undefined : delivery.recipients.find(({ address }) => about([address]))
    return { at: 'delivery', stage: delivery.channel, by: one?.by ?? delivery.by }
  }
  const flood = records.findLast((record) => record.record === 'flood')
  if (flood?.record === 'flood') return { at: 'connect', stage: 'connections', by: flood.by }
  const steps = records
    .flatMap((record) => (record.record === 'trace' || record.record === 'birth' ? record.steps : []))
    .filter((step) => step.recipients === undefined || about(step.recipients))
  const ended = steps.findLast(ends)
  const filter = ended === undefined ? decidingFilter(steps, about) : undefined
  if (filter !== undefined) return filter
  const step = ended ?? steps.findLast(({ result }) => result === 'change') ?? steps.at(-1)
  return step === undefined ? undefined : { at: step.at, stage: step.stage, by: step.by }
}

/** A filter that said where the message goes; one that overrides stands behind the one that decided. */
function decidingFilter(steps: readonly Step[], about: (list: readonly string[]) => boolean): Decision | undefined {
  for (const { at, stage, filters = [] } of steps.toReversed()) {
    const deciding = filters.findLast(
      ({ effect, recipients }) => (effect === 'decides' || effect === 'overrides') && about(recipients),
    )
    if (deciding?.by === undefined) continue
    const { level, script, line, text } = deciding.by
    return { at, stage, by: { by: 'filter', level, script, line, ...(text === undefined ? {} : { text }) } }
  }
  return undefined
}

/** Did this step keep the message, or a recipient of it, from going on? */
export const ends = ({ result }: Step): boolean => result !== 'pass' && result !== 'change'
