// SPDX-License-Identifier: Apache-2.0
/** `if`, `elsif` and `else`, RFC 5228 §3.1. */
import type { Args, WordDef } from '../../plugin.ts'
import { isAsking, type Maybe, then } from '../../questions.ts'
import { type Ended, NORMAL } from '../../run/ended.ts'
import type { RunContext, Slot } from '../../run-context.ts'

/** Whether a branch of the chain that is being gone through was taken. Chains within it end before it goes on. */
const CHAIN: Slot<{ taken: boolean }> = { name: 'if', init: () => ({ taken: false }) }

function take(ctx: RunContext, args: Args): Maybe<Ended> {
  return then(args.runBlock(), (ended) => {
    ctx.perScript(CHAIN).taken = true
    return ended
  })
}

function branch(ctx: RunContext, args: Args): Maybe<Ended> {
  const holds = args.test('test')
  return isAsking(holds) ? then(holds, (held) => chosen(ctx, args, held)) : chosen(ctx, args, holds)
}

function chosen(ctx: RunContext, args: Args, holds: boolean): Maybe<Ended> {
  if (holds) return take(ctx, args)
  ctx.perScript(CHAIN).taken = false
  return NORMAL
}

export const IF: WordDef = {
  name: 'if',
  kind: 'command',
  positional: [{ name: 'test', type: 'test' }],
  block: 'required',
  execute: branch,
}

export const ELSIF: WordDef = {
  name: 'elsif',
  kind: 'command',
  positional: [{ name: 'test', type: 'test' }],
  block: 'required',
  follows: ['if', 'elsif'],
  execute: (ctx, args) => (ctx.perScript(CHAIN).taken ? NORMAL : branch(ctx, args)),
}

export const ELSE: WordDef = {
  name: 'else',
  kind: 'command',
  block: 'required',
  follows: ['if', 'elsif'],
  execute: (ctx, args) => (ctx.perScript(CHAIN).taken ? NORMAL : take(ctx, args)),
}
