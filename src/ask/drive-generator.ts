// SPDX-License-Identifier: Apache-2.0
/** The loop that runs what asks: the engines of the house (ask.ts), and languages with questions of their own. */

/** What becomes of it when an answer fails, or the signal says stop. */
export type OnFailure<Q, T> = (asking: Generator<Q, T, unknown>, error: unknown) => IteratorResult<Q, T>

/** It gets `return()`, so that its `finally` blocks run, and the result is a rejection. */
const giveUp = <Q, T>(asking: Generator<Q, T, unknown>, error: unknown): never => {
  asking.return(undefined as never)
  throw error
}

/**
 * Runs it to its end; without waiting where every answer is there at once.
 * @param answer gives the answer to what was asked, or a promise of it
 * @param failed instead of giving up: may throw the error into it
 */
export function driveGenerator<Q, T>(
  asking: Generator<Q, T, unknown>,
  answer: (asked: Q) => unknown,
  signal?: AbortSignal,
  failed: OnFailure<Q, T> = giveUp,
): T | Promise<T> {
  let step = asking.next()
  while (step.done !== true) {
    const given = answer(step.value)
    if (given instanceof Promise) return driveOn(asking, given, answer, signal, failed)
    step = asking.next(given)
  }
  return step.value
}

async function driveOn<Q, T>(
  asking: Generator<Q, T, unknown>,
  first: Promise<unknown>,
  answer: (asked: Q) => unknown,
  signal: AbortSignal | undefined,
  failed: OnFailure<Q, T>,
): Promise<T> {
  let pending: unknown = first
  for (;;) {
    let step: IteratorResult<Q, T>
    try {
      const given = await pending
      signal?.throwIfAborted()
      step = asking.next(given)
    } catch (error) {
      // What the generator itself throws comes here too: it is over then, and throws the same again.
      step = failed(asking, error)
    }
    if (step.done === true) return step.value
    pending = answer(step.value)
  }
}
