// SPDX-License-Identifier: Apache-2.0
/** `ihave` and `error`, RFC 5463. What is there counts as required from there on; what is not may be named behind it. */
import type { SieveExtension, WordDef } from '../plugin.ts'

const IHAVE: WordDef = {
  name: 'ihave',
  kind: 'test',
  positional: [{ name: 'capabilities', type: 'string-list', literal: true }],
  validate(word, ctx) {
    const known = word.constants('capabilities').map((constant) => constant ?? '')
    // One that is not there makes the whole test false: none of them is required then.
    if (!known.every((name) => ctx.supports(name))) ctx.lenient()
    else for (const name of known) ctx.enable(name, word.spanOf('capabilities'))
  },
  evaluate: (ctx, args) => args.strings('capabilities').every((name) => ctx.supports(name)),
}

const ERROR: WordDef = {
  name: 'error',
  kind: 'command',
  ends: true,
  positional: [{ name: 'message', type: 'string' }],
  execute: (ctx, args) => ctx.fail('script-error', args.string('message').slice(0, 1000), args),
}

export const IHAVE_EXTENSION: SieveExtension = { name: 'ihave', words: [IHAVE, ERROR] }
