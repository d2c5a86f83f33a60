// SPDX-License-Identifier: Apache-2.0
/** What the rest of the language reads scripts with: all of one, command by command, or one word of it again. */
import { Diagnostics, type ScriptText } from '../diagnostic.ts'
import { limitCode, type SieveLimits } from '../limits.ts'
import { Lexer } from './lexer.ts'
import { Parser } from './parser.ts'
import type { Token } from './token.ts'
import type { CommandNode, ScriptNode, WordNode } from './tree.ts'

export function parseScript(report: Diagnostics, limits: SieveLimits): ScriptNode {
  const { script } = report
  const commands = [...parseCommands(report, limits)]
  let tokens: readonly Token[] | undefined
  return {
    script,
    commands,
    // Only who writes a script needs them: kept, they would be most of a tree.
    get tokens() {
      tokens ??= tokensOf(script, limits)
      return tokens
    },
  }
}

function tokensOf(script: ScriptText, limits: SieveLimits): readonly Token[] {
  if (isTooLong(script, limits)) return [{ kind: 'bad', start: 0, end: script.text.length, text: '', number: 0 }]
  return new Lexer(new Diagnostics(script, limits), limits).tokens()
}

/** The commands of a script one by one, so that who needs each but once need not keep a tree. */
export function* parseCommands(report: Diagnostics, limits: SieveLimits): Iterable<CommandNode> {
  if (isTooLong(report.script, limits))
    report.error('lex', limitCode('scriptBytes'), { start: 0, end: 0 }, `more than ${limits.scriptBytes} octets`)
  else yield* new Parser(new Lexer(report, limits), report, limits).script()
}

const isTooLong = ({ text }: ScriptText, { scriptBytes }: SieveLimits): boolean =>
  text.length > scriptBytes || Buffer.byteLength(text) > scriptBytes

/** The command or test that begins there, once more, without a block. What is wrong with it was told of before. */
export function parseWordAt(script: ScriptText, start: number, limits: SieveLimits): WordNode {
  const report = new Diagnostics(script, limits)
  return new Parser(new Lexer(report, limits, start), report, limits).word()
}
