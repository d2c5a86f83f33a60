// SPDX-License-Identifier: Apache-2.0
/**
 * What a request does to the entry of its key. Pure; times are milliseconds of one clock. redis-counters.lua.ts says the
 * same in Lua, and one suite holds both to it.
 */
import { createHash } from 'node:crypto'
import {
  type CounterAnswer,
  type CounterRequest,
  type CounterTable,
  MAX_KEY,
  MAX_NUMBER,
  MAX_VALUE,
} from './counters.ts'

export interface Entry {
  /** Begin of the window; of a greylist: when it was first seen, or last seen once it has passed. */
  readonly since: number
  /** A count or what was stored; of a greylist `''`, or PASSED; of a memory as memoryOf() reads it. */
  readonly value: string
}

export interface Applied {
  readonly answer: CounterAnswer
  /** What the key holds from now on; `undefined`: nothing. */
  readonly entry: Entry | undefined
}

const PASSED = 'passed'
const ABSENT = { kind: 'absent' } as const
const found = (value: string): CounterAnswer => ({ kind: 'found', value })

export function applyRequest(before: Entry | undefined, request: CounterRequest, now: number): Applied {
  if (request.do === 'greylist') return greylist(before, request.table, now)
  if (isMemory(request)) return remember(before, request, now)
  const { table } = request
  const entry = inWindow(before, table, now)
  switch (request.do) {
    case 'throttle':
    case 'query': {
      const count = wholeNumber(entry?.value ?? '0')
      if (count === undefined) return { answer: ABSENT, entry }
      const next = Math.min(count + 1, MAX_NUMBER)
      const answer = found(next > table.quota ? 'over' : 'under')
      return { answer, entry: request.do === 'query' ? entry : { since: entry?.since ?? now, value: String(next) } }
    }
    case 'adjust': {
      const count = wholeNumber(entry?.value ?? '0')
      const by = wholeNumber(String(request.by))
      if (count === undefined || by === undefined) return { answer: ABSENT, entry }
      const value = String(Math.max(-MAX_NUMBER, Math.min(MAX_NUMBER, count + by)))
      return { answer: found(value), entry: { since: entry?.since ?? now, value } }
    }
    case 'fetch':
      return { answer: entry === undefined ? ABSENT : found(entry.value), entry }
    case 'remove':
      return { answer: found(''), entry: undefined }
    case 'store':
      if (Buffer.byteLength(request.value) > MAX_VALUE) return { answer: ABSENT, entry }
      return { answer: found(''), entry: { since: now, value: request.value } }
    default:
      return request satisfies never
  }
}

/** The entry as its window leaves it. */
function inWindow(entry: Entry | undefined, table: CounterTable, now: number): Entry | undefined {
  if (entry === undefined || table.windowMs === 0) return entry
  const windows = Math.floor((now - entry.since) / table.windowMs)
  if (windows <= 0) return entry
  const count = table.penalize ? wholeNumber(entry.value) : undefined
  const left = count === undefined ? 0 : count - windows * table.quota
  return left <= 0 ? undefined : { since: entry.since + windows * table.windowMs, value: String(left) }
}

function greylist(
  before: Entry | undefined,
  table: Extract<CounterRequest, { do: 'greylist' }>['table'],
  now: number,
): Applied {
  const age = now - (before?.since ?? now)
  const pass = { answer: found('pass'), entry: { since: now, value: PASSED } }
  if (before?.value === PASSED && age <= table.inactivityMs) return pass
  if (before === undefined || before.value === PASSED || age > table.resubmitMs)
    return { answer: found('refuse'), entry: { since: now, value: '' } }
  return age < table.blockMs ? { answer: found('refuse'), entry: before } : pass
}

type MemoryRequest = Extract<CounterRequest, { do: 'claim' | 'know' | 'unclaim' }>
const isMemory = (request: CounterRequest): request is MemoryRequest =>
  request.do === 'claim' || request.do === 'know' || request.do === 'unclaim'

/** `known MS` or `claimed MS BY`, MS from the entry's `since` on. */
function memoryOf(entry: Entry | undefined, now: number): { readonly by?: string } | undefined {
  const [, ms, by] = /^(?:known|claimed) (\d+)(?: (.*))?$/s.exec(entry?.value ?? '') ?? []
  if (entry === undefined || ms === undefined || now - entry.since >= Number(ms)) return undefined
  return by === undefined ? {} : { by }
}

function remember(before: Entry | undefined, request: MemoryRequest, now: number): Applied {
  const there = memoryOf(before, now)
  const entry = there === undefined ? undefined : before
  if (request.do === 'know') return { answer: found(''), entry: { since: now, value: `known ${request.forMs}` } }
  const mine = there?.by === request.by
  if (request.do === 'unclaim') return { answer: found(''), entry: mine ? undefined : entry }
  if (there !== undefined && !mine) return { answer: found(there.by === undefined ? 'known' : 'busy'), entry }
  return { answer: found('free'), entry: { since: now, value: `claimed ${request.forMs} ${request.by}` } }
}

/** Fifteen digits at most, so that it stays exact. */
function wholeNumber(text: string): number | undefined {
  return /^[+-]?\d{1,16}$/.test(text) && Math.abs(Number(text)) <= MAX_NUMBER ? Number(text) : undefined
}

/** Whether the entry still says something at this time. */
export const lives = (entry: Entry, request: CounterRequest, now: number): boolean => {
  if (isMemory(request)) return memoryOf(entry, now) !== undefined
  if (request.do !== 'greylist') return inWindow(entry, request.table, now) !== undefined
  const { resubmitMs, inactivityMs } = request.table
  return now - entry.since <= (entry.value === PASSED ? inactivityMs : resubmitMs)
}

/** Keys that a stranger made long are kept as what nobody can make collide. */
export const keptKey = (key: string): string =>
  Buffer.byteLength(key) <= MAX_KEY ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`
