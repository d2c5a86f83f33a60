// SPDX-License-Identifier: Apache-2.0
/** The loop that runs what asks: the engines of the house (ask.ts), and languages with questions of their own. */

/**
 * Runs it to its end; without waiting where every answer is there at once.
 * On abort it gets `return()`, so that its `finally` blocks run, and the result is a rejection.
 * @param answer gives the answer to what was asked, or a promise of it
 */
export function driveGenerator<Q, T>(
  asking: Generator<Q, T, unknown>,
  answer: (asked: Q) => unknown,
  signal?: AbortSignal,
): T | Promise<T> {
  let step = asking.next()
  while (step.done !== true) {
    const given = answer(step.value)
    if (given instanceof Promise) return driveOn(asking, given, answer, signal)
    step = asking.next(given)
  }
  return step.value
}

async function driveOn<Q, T>(
  asking: Generator<Q, T, unknown>,
  first: Promise<unknown>,
  answer: (asked: Q) => unknown,
  signal: AbortSignal | undefined,
): Promise<T> {
  let pending: unknown = first
  for (;;) {
    let given: unknown
    try {
      given = await pending
      signal?.throwIfAborted()
    } catch (error) {
      asking.return(undefined as never)
      throw error
    }
    const step = asking.next(given)
    if (step.done === true) return step.value
    pending = answer(step.value)
  }
}
