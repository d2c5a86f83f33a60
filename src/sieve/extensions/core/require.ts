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
    const names = word.values.get('capabilities')
    if (names?.type !== 'strings') return
    for (const { constant, start, end } of names.strings)
      if (constant !== undefined) ctx.enable(constant, { start, end })
  },
  execute: () => undefined,
}

export const STOP_COMMAND: WordDef = { name: 'stop', kind: 'command', execute: () => STOP }
