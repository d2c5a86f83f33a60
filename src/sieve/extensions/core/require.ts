// SPDX-License-Identifier: Apache-2.0
/** `require`, RFC 5228 §3.2, and `stop`, §3.3. */
import type { WordDef } from '../../plugin.ts'
import { STOP } from '../../run/ended.ts'

export const REQUIRE: WordDef = {
  name: 'require',
  kind: 'command',
  positional: [{ name: 'capabilities', type: 'string-list', literal: true }],
  first: true,
  validate(word, ctx) {
    for (const [i, constant] of word.constants('capabilities').entries())
      if (constant !== undefined) ctx.enable(constant, word.spanOf('capabilities', i), true)
  },
  execute: () => undefined,
}

export const STOP_COMMAND: WordDef = { name: 'stop', kind: 'command', ends: true, execute: () => STOP }
