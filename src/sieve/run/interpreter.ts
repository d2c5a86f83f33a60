// SPDX-License-Identifier: Apache-2.0
/**
 * Goes through the commands of a block. Runs straight on while nothing asks; where something does, the rest of the block
 * goes on as a generator.
 */
import type { CompiledBlock, CompiledWord } from '../compiled.ts'
import { askHost, isAsking, type Maybe, type SieveAsking, then } from '../questions.ts'
import type { RunContext, TraceStep } from '../run-context.ts'
import { shown } from '../text.ts'
import { type Interpreter, RunArgs } from './args.ts'
import { type Ended, NORMAL } from './ended.ts'

const INTERPRETER: Interpreter = {
  evaluate,
  runBlock: (ctx, { block }) => (block === undefined ? NORMAL : runCommands(ctx, block)),
}

export function runCommands(ctx: RunContext, commands: CompiledBlock, from = 0): Maybe<Ended> {
  for (let i = from; i < commands.length; i++) {
    const ended = execute(ctx, commands[i] as CompiledWord)
    if (isAsking(ended)) return runOn(ctx, commands, i + 1, ended)
    if (ended.how !== 'normal') return ended
  }
  return NORMAL
}

function* runOn(
  ctx: RunContext,
  commands: CompiledBlock,
  from: number,
  asking: SieveAsking<Ended>,
): SieveAsking<Ended> {
  let ended = yield* asking
  for (let i = from; ended.how === 'normal' && i < commands.length; i++) {
    const next = execute(ctx, commands[i] as CompiledWord)
    ended = isAsking(next) ? yield* next : next
  }
  return ended
}

const orNormal = (ended: Ended | undefined): Ended => ended ?? NORMAL

function execute(ctx: RunContext, word: CompiledWord): Maybe<Ended> {
  ctx.spend(1)
  const { trace, traceHeld } = ctx.environment
  if (trace !== undefined && traceHeld !== true) trace({ step: 'command', name: word.def.name, ...word.place })
  const ended = word.def.execute?.(ctx, new RunArgs(word, ctx, INTERPRETER))
  if (ended instanceof Promise) return wait(ended, orNormal)
  return isAsking(ended) ? then(ended, orNormal) : (ended ?? NORMAL)
}

/** A test; what it compares goes into the trace with its result. */
function evaluate(ctx: RunContext, word: CompiledWord): Maybe<boolean> {
  ctx.spend(1)
  const { trace, traceHeld } = ctx.environment
  if (trace === undefined) return evaluateNow(ctx, word)
  const outer = ctx.compared
  const compared: { value: string; key?: string }[] = []
  ctx.compared = compared
  return then(evaluateNow(ctx, word), (result) => {
    ctx.compared = outer
    if (result || traceHeld !== true) trace(testStep(word, result, compared))
    return result
  })
}

function evaluateNow(ctx: RunContext, word: CompiledWord): Maybe<boolean> {
  const result = word.def.evaluate?.(ctx, new RunArgs(word, ctx, INTERPRETER))
  if (result instanceof Promise) return wait(result, (value) => value)
  return result ?? false
}

function testStep(word: CompiledWord, result: boolean, compared: { value: string; key?: string }[]): TraceStep {
  const keys = word.constants(word.def.match?.keys ?? '')
  return {
    step: 'test',
    name: word.def.name,
    ...word.place,
    result,
    ...(compared.length === 0 ? {} : { compared }),
    ...(keys.length === 0 ? {} : { keys: keys.slice(0, 16).map((key) => shown(key ?? '(variables)')) }),
  }
}

function* wait<A, B>(promise: Promise<A>, next: (value: A) => B): SieveAsking<B> {
  // The host hands back what the promise came to; only here is its type known.
  return next((yield* askHost({ ask: 'sieve.wait', promise })) as A)
}
