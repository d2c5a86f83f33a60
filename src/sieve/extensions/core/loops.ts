// SPDX-License-Identifier: Apache-2.0
/**
 * The loops of `foreverypart` at work, RFC 5703 §3, and the part a script stands at. A script included within a loop sees
 * that part as though it were the whole message (RFC 6609 §3.5); loops of its own go through it alone.
 */
import type { MimePart } from '../../../mime/structure.ts'
import { SieveMessage } from '../../message.ts'
import type { RunContext, Slot } from '../../run-context.ts'
import { replacedPiece } from '../rebuild.ts'

/** A loop at one part: where it stands in the tree, as the numbers of children from the top. */
export interface Loop {
  readonly path: readonly number[]
  /** Another one, when a script put something in its place. */
  part: MimePart
}

interface Loops {
  /** The innermost last. */
  readonly all: Loop[]
  /** How many are of scripts that included this one. */
  outside: number
}

export const LOOPS: Slot<Loops> = { name: 'foreverypart', init: () => ({ all: [], outside: 0 }) }

/** The innermost loop of the running script. */
export function currentLoop(ctx: RunContext): Loop | undefined {
  const { all, outside } = ctx.perRun(LOOPS)
  return all.length > outside ? all.at(-1) : undefined
}

export const partAt = (root: MimePart, path: readonly number[]): MimePart | undefined =>
  path.reduce<MimePart | undefined>((part, child) => part?.children[child], root)

/** The part that `:mime` means: that of the innermost loop, else the message. */
export const currentPart = (ctx: RunContext): MimePart => currentLoop(ctx)?.part ?? ctx.message.root

/** The loops at work go on in the new message, each at its place. */
export function replaceWith(ctx: RunContext, message: SieveMessage): void {
  ctx.replaceMessage(message)
  const { all, outside } = ctx.perRun(LOOPS)
  for (const loop of all.slice(outside)) loop.part = partAt(message.root, loop.path) ?? loop.part
}

/**
 * Shows the part of the innermost loop as the message, until the function that comes back is called: that puts what was
 * made of the part in its place. False, and nothing happens there: it stood in an encoded message.
 */
export function presentPart(ctx: RunContext): () => boolean {
  const loops = ctx.perRun(LOOPS)
  const { outside } = loops
  const part = currentLoop(ctx)?.part
  loops.outside = loops.all.length
  const back = (): true => {
    loops.outside = outside
    return true
  }
  if (part === undefined || part === ctx.message.root) return back
  // It is copied, once for each include.
  ctx.spend((part.header.length + part.body.length) >> 8)
  const shown = SieveMessage.parse(Buffer.concat([part.header, Buffer.from('\r\n'), part.body]))
  const before = ctx.present(shown)
  return () => {
    const after = ctx.present(before)
    back()
    if (after === shown) return true
    ctx.spend(ctx.message.size >> 8)
    const rebuilt = replacedPiece(ctx.message, part, after?.bytes() ?? Buffer.alloc(0))
    if (rebuilt !== undefined) replaceWith(ctx, SieveMessage.parse(rebuilt, { insteadOf: ctx.message }))
    return rebuilt !== undefined
  }
}
