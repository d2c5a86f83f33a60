// SPDX-License-Identifier: Apache-2.0
/**
 * Whether a value read from a trace file has the form of a record (policy/trace.ts), as far as readers rely on it: a
 * line that a bad disk or a careless editor changed must be no record rather than end whoever reads the history.
 */
import type { DecidedBy } from '../ask/decided-by.ts'
import type { MappingStep } from '../mapping/index.ts'
import type { TraceRecord } from '../policy/trace.ts'

type Form = (value: unknown) => boolean
type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null
const text: Form = (value) => typeof value === 'string'
const number: Form = (value) => Number.isFinite(value)
const wholeNumber: Form = (value) => Number.isSafeInteger(value)
const optional =
  (form: Form): Form =>
  (value) =>
    value === undefined || form(value)
const oneOf = (...words: readonly unknown[]): Form => {
  const known = new Set(words)
  return (value) => known.has(value)
}
const listOf =
  (form: Form): Form =>
  (value) =>
    Array.isArray(value) && value.every(form)
const fields = (forms: Readonly<Record<string, Form>>): Form => {
  const entries = Object.entries(forms)
  return (value) => isFields(value) && entries.every(([name, form]) => form(value[name]))
}

function kinds<K extends string>(forms: Readonly<Record<K, Form>>): ReadonlyMap<unknown, Form> {
  return new Map(Object.entries(forms))
}

const sourceRef = fields({ file: text, line: number, column: number, text })
/** By kind: one that is missing here would make no record of every record that names it. */
const DECIDED_BY = kinds<DecidedBy['by']>({
  config: fields({ setting: text, at: sourceRef }),
  default: fields({ setting: text, value: text }),
  directory: fields({ entry: text }),
  table: fields({ table: text, row: optional(text) }),
  protocol: fields({ rule: text }),
  'built-in': fields({ rule: text }),
  filter: fields({ level: text, script: text, line: optional(number), text: optional(text) }),
  remote: fields({ host: text, reply: text }),
  operator: fields({ command: text }),
})
/** Readers look for a place in each kind. */
const placed = fields({ at: optional(sourceRef) })
const decidedBy: Form = (value) => isFields(value) && placed(value) && DECIDED_BY.get(value['by'])?.(value) === true

const flag: Form = (value) => typeof value === 'boolean'
const rowRef = fields({ table: text, name: text, file: text, line: number, column: number, text })
const lookup = fields({
  written: text,
  asked: text,
  found: optional(text),
  failed: optional(text),
  within: optional(fields({ row: optional(rowRef) })),
})
const MAPPING_STEP = kinds<MappingStep['step']>({
  row: fields({
    row: rowRef,
    probe: text,
    pieces: listOf(fields({ text, field: optional(number) })),
    lookups: listOf(lookup),
    failure: optional(fields({ written: text, why: text, line: number, column: number })),
    output: optional(text),
    flags: optional(text),
    next: optional(text),
  }),
  restart: fields({ by: text, probe: text, refused: flag }),
})
const table = fields({
  table: text,
  probe: text,
  input: optional(text),
  deferred: optional(text),
  matched: optional(flag),
  failed: optional(flag),
  output: optional(text),
  flags: optional(text),
  steps: optional(listOf((value) => isFields(value) && MAPPING_STEP.get(value['step'])?.(value) === true)),
  stepsDropped: optional(number),
  unanswered: optional(listOf(text)),
  warnings: optional(listOf(text)),
})

const filterPlace = fields({ level: text, script: text, line: number, column: number, text: optional(text) })
const filter = fields({
  level: text,
  script: text,
  recipients: listOf(text),
  recipientsDropped: optional(number),
  effect: oneOf('decides', 'passes', 'overrides', 'ignored', 'failed'),
  by: optional(filterPlace),
  actions: optional(listOf(text)),
  matched: optional(
    listOf(fields({ line: number, script: optional(text), test: text, value: optional(text), key: optional(text) })),
  ),
  notes: optional(listOf(text)),
})

const step = fields({
  at: text,
  stage: text,
  ms: number,
  result: oneOf('pass', 'change', 'refuse', 'defer', 'hold', 'discard'),
  by: decidedBy,
  recipients: optional(listOf(text)),
  note: optional(text),
  reply: optional(text),
  tables: optional(listOf(table)),
  filters: optional(listOf(filter)),
  filtersDropped: optional(number),
})
const end = fields({ address: text, port: number })
const destination = fields({ address: text, channel: text })

const whyMade = oneOf('failure', 'delay', 'success', 'vacation', 'notify', 'reject', 'filter report')

const RECORDS = kinds<TraceRecord['record']>({
  trace: fields({
    id: text,
    session: text,
    revision: text,
    listener: text,
    client: end,
    server: end,
    helo: optional(text),
    tls: optional(text),
    login: optional(text),
    source: text,
    from: optional(text),
    recipients: listOf(
      fields({
        given: text,
        result: oneOf('accepted', 'refused', 'deferred'),
        reply: text,
        becomes: optional(listOf(destination)),
      }),
    ),
    size: optional(number),
    subject: optional(text),
    messageIdField: optional(text),
    outcome: oneOf('queued', 'held', 'discarded', 'refused', 'deferred', 'abandoned'),
    steps: listOf(step),
    facts: listOf(fields({ question: fields({ ask: text }) })),
    cut: optional(fields({ steps: number, facts: number })),
  }),
  delivery: fields({
    id: text,
    channel: text,
    recipients: listOf(
      fields({
        address: text,
        result: text,
        status: optional(text),
        detail: text,
        nextAt: optional(number),
        by: optional(decidedBy),
      }),
    ),
    by: decidedBy,
    steps: optional(listOf(step)),
    durationMs: number,
    notice: optional(text),
  }),
  birth: fields({
    id: text,
    why: whyMade,
    about: text,
    from: text,
    recipients: listOf(destination),
    steps: listOf(step),
  }),
  withheld: fields({
    id: text,
    why: whyMade,
    to: listOf(text),
    reason: text,
    by: decidedBy,
  }),
  flood: fields({ address: text, of: optional(oneOf('transactions')), count: number, reply: text, by: decidedBy }),
})

const envelope = fields({ version: oneOf(1), at: wholeNumber })

export const isRecord = (value: unknown): value is TraceRecord =>
  isFields(value) && envelope(value) && RECORDS.get(value['record'])?.(value) === true
