// SPDX-License-Identifier: Apache-2.0
/** Many scenarios, one JSON object a line, to as many lines of JSON: each session on its own copy of the world. */
import type { Hypothesis } from './hypothesis.ts'
import { runScenario } from './run-scenario.ts'
import { BadScenario, parseScenario } from './scenario.ts'
import type { Site } from './site.ts'

/** Sessions at one time: look-ups of one wait while others go on. */
const AT_ONCE = 16

/** In the order of the lines; empty ones are passed over. What cannot be asked comes back as `error`. */
export async function* runBatch(
  lines: AsyncIterable<string> | Iterable<string>,
  site: Site,
): AsyncGenerator<Hypothesis | { readonly error: string }> {
  const underWay: Promise<Hypothesis | { readonly error: string }>[] = []
  for await (const line of lines) {
    if (line.trim() === '') continue
    underWay.push(runLine(line, site))
    const first = underWay.length >= AT_ONCE ? underWay.shift() : undefined
    if (first !== undefined) yield await first
  }
  for (const each of underWay) yield await each
}

async function runLine(line: string, site: Site): Promise<Hypothesis | { readonly error: string }> {
  try {
    return await runScenario(parseScenario(JSON.parse(line)), site)
  } catch (error) {
    if (error instanceof BadScenario || error instanceof SyntaxError) return { error: error.message }
    throw error
  }
}
