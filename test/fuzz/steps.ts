// SPDX-License-Identifier: Apache-2.0
/**
 * Work counted in steps: how often each character of our sources ran, as V8 counts it, and the octets, characters and
 * elements that native functions looked at or moved meanwhile. The same work gives the same number on every machine.
 * What a regular expression tries and gives up is not seen; for that there is linear.ts.
 */
import assert from 'node:assert/strict'
import { type Profiler, Session } from 'node:inspector'

const OURS = new URL('../../src/', import.meta.url).href

/** Twice the work would be 2, with a little for tables that grow; quadratic work is 4. */
const MOST = 3

/**
 * Fails where twice the input costs more than twice the steps.
 * @param prepare makes input of a size, and hands back what is to be measured
 * @param count the larger size
 */
export async function assertStepsDouble(
  what: string,
  prepare: (count: number) => () => unknown,
  count: number,
): Promise<void> {
  const small = await stepsOf(prepare(count / 2))
  const large = await stepsOf(prepare(count))
  console.log(
    `measured ${what}: ${count / 2}: ${small} steps, ${count}: ${large} steps, ratio ${(large / small).toFixed(3)}`,
  )
  assert.ok(large < MOST * small, `${what}: ${count / 2} cost ${small} steps, ${count} cost ${large}`)
}

/** V8 counts in functions that were compiled after it was told to, so it is told once, before any of ours is called. */
const counting = new Session()
counting.connect()
counting.post('Profiler.enable')
counting.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })

async function stepsOf(run: () => unknown): Promise<number> {
  charactersSince()
  const meter = new NativeMeter()
  try {
    await run()
  } finally {
    meter.stop()
  }
  return charactersSince() + meter.steps
}

/** Characters of our sources that have run since the last call, each as often as it ran. */
function charactersSince(): number {
  let ran = 0
  counting.post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error !== null) throw error
    for (const { url, functions } of result)
      if (url.startsWith(OURS)) for (const { ranges } of functions) ran += charactersRun(ranges)
  })
  return ran
}

/**
 * Each range says how often what is in it ran, but for the ranges within it. Counted by character, because V8 leaves a
 * range out whose count is that of the one around it.
 */
function charactersRun(ranges: readonly Profiler.CoverageRange[]): number {
  const around: Profiler.CoverageRange[] = []
  let sum = 0
  for (const range of ranges.toSorted((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset)) {
    while ((around.at(-1)?.endOffset ?? Number.POSITIVE_INFINITY) <= range.startOffset) around.pop()
    sum += (range.count - (around.at(-1)?.count ?? 0)) * (range.endOffset - range.startOffset)
    around.push(range)
  }
  return sum
}

type Method = (this: unknown, ...given: unknown[]) => unknown
/** What one call cost, from its receiver, arguments and result. */
type Cost = (self: unknown, given: readonly unknown[], result: unknown) => number

const lengthOf = (value: unknown): number =>
  typeof value === 'string' || ArrayBuffer.isView(value) || Array.isArray(value)
    ? 'byteLength' in Object(value)
      ? Number(Object(value).byteLength)
      : Number(Object(value).length)
    : 0
const whole: Cost = (self) => lengthOf(self)
const ofResult: Cost = (_self, _given, result) => lengthOf(result)
/** As far as was searched. */
const search: Cost = (self, given, result) => {
  const from = typeof given[1] === 'number' ? given[1] : 0
  return typeof result === 'number' && result >= 0 ? result - from + 1 : Math.max(0, lengthOf(self) - from)
}
const concat: Cost = (_self, [list]) =>
  Array.isArray(list) ? list.reduce((sum, one) => sum + lengthOf(one), list.length) : 0
const moved: Cost = (self, [from]) => Math.max(0, lengthOf(self) - (typeof from === 'number' ? from : 0))
const matched: Cost = (self, [text], result) => {
  const sticky = self instanceof RegExp && self.sticky
  if (result === null || result === false) return sticky ? 1 : lengthOf(text)
  return Array.isArray(result) && typeof result[0] === 'string' ? result[0].length : 1
}

const METERED: readonly (readonly [object, Readonly<Record<string, Cost>>])[] = [
  [Buffer, { concat, from: ofResult, alloc: ofResult }],
  [
    Buffer.prototype,
    { indexOf: search, includes: search, toString: ofResult, copy: (_self, _given, result) => Number(result) },
  ],
  [
    Object.getPrototypeOf(Uint8Array.prototype),
    { set: (_self, [source]) => lengthOf(source), fill: whole, slice: ofResult },
  ],
  [
    String.prototype,
    {
      indexOf: search,
      lastIndexOf: whole,
      includes: whole,
      split: whole,
      replace: whole,
      replaceAll: whole,
      match: whole,
      trim: whole,
      toLowerCase: whole,
      toUpperCase: whole,
      normalize: whole,
      isWellFormed: whole,
      toWellFormed: whole,
    },
  ],
  [RegExp.prototype, { exec: matched, test: matched }],
  [TextDecoder.prototype, { decode: ofResult }],
  [
    Array.prototype,
    { splice: moved, shift: whole, unshift: whole, slice: ofResult, concat: ofResult, join: whole, includes: whole },
  ],
]

/** Counts what native functions do until it is stopped. */
class NativeMeter {
  steps = 0
  readonly #undo: (() => void)[] = []

  constructor() {
    for (const [object, costs] of METERED)
      for (const [name, cost] of Object.entries(costs)) this.#meter(object, name, cost)
  }

  stop(): void {
    for (const undo of this.#undo) undo()
  }

  #meter(object: object, name: string, cost: Cost): void {
    const property = Object.getOwnPropertyDescriptor(object, name)
    const native: unknown = property?.value
    if (property === undefined || typeof native !== 'function') throw new Error(`there is no ${name} to be counted`)
    const meter = this
    const metered: Method = function (...given) {
      const result: unknown = Reflect.apply(native, this, given)
      meter.steps += cost(this, given, result)
      return result
    }
    Object.defineProperty(object, name, { ...property, value: metered })
    this.#undo.push(() => Object.defineProperty(object, name, property))
  }
}
