// SPDX-License-Identifier: Apache-2.0
/** `if`, `elsif` and `else`, RFC 5228 §3.1. */
import type { Args, WordDef } from '../../plugin.ts'
import { isAsking, type Maybe, then } from '../../questions.ts'
import { type Ended, NORMAL } from '../../run/ended.ts'
import type { RunContext, Slot } from '../../run-context.ts'

/** Whether a branch of the chain that is being gone through was taken. Chains within it end before it goes on. */
const CHAIN: Slot<{ taken: boolean }> = { name: 'if', init: () => ({ taken: false }) }

function take(ctx: RunContext, block: (() => Maybe<Ended>) | undefined): Maybe<Ended> {
  return then(block?.() ?? NORMAL, (ended) => {
    ctx.perScript(CHAIN).taken = true
    return ended
  })
}

function branch(ctx: RunContext, args: Args, block: (() => Maybe<Ended>) | undefined): Maybe<Ended> {
  const holds = args.test('test')
  return isAsking(holds) ? then(holds, (held) => chosen(ctx, held, block)) : chosen(ctx, holds, block)
}

function chosen(ctx: RunContext, holds: boolean, block: (() => Maybe<Ended>) | undefined): Maybe<Ended> {
  if (holds) return take(ctx, block)
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
  execute: (ctx, args, block) => (ctx.perScript(CHAIN).taken ? NORMAL : branch(ctx, args, block)),
}

export const ELSE: WordDef = {
  name: 'else',
  kind: 'command',
  block: 'required',
  follows: ['if', 'elsif'],
  execute: (ctx, _args, block) => (ctx.perScript(CHAIN).taken ? NORMAL : take(ctx, block)),
}
