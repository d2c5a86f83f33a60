// SPDX-License-Identifier: Apache-2.0
/**
 * Several engines abreast: each takes its next step, and what they ask then is asked together. Where the answers come
 * from far away, ten look-ups of three questions each wait three times, not thirty.
 */
import type { Asking } from './ask.ts'

/** The results in the order of the engines. On abort every engine gets `return()`. */
export function* sideBySide<T>(engines: readonly Asking<T>[]): Asking<readonly T[]> {
  const runs = engines.map((engine) => ({ engine, step: engine.next() }))
  try {
    for (;;) {
      const open = runs.flatMap((run) => (run.step.done === true ? [] : [{ run, asked: run.step.value }]))
      if (open.length === 0) break
      const answers = yield open.flatMap(({ asked }) => asked)
      if (!Array.isArray(answers)) throw new Error('several questions were answered with one answer')
      let at = 0
      for (const { run, asked } of open) {
        if ('ask' in asked) run.step = run.engine.next(answers[at++])
        else {
          run.step = run.engine.next(answers.slice(at, at + asked.length))
          at += asked.length
        }
      }
    }
    return runs.flatMap(({ step }) => (step.done === true ? [step.value] : []))
  } finally {
    for (const { engine } of runs) engine.return(undefined as never)
  }
}
