// SPDX-License-Identifier: Apache-2.0
/**
 * Reads the tokens of a script as commands, RFC 5228 §8.2. All that is wrong is told of in one go: after a mistake the
 * parser goes on behind the next `;`, at a block, or in front of `}`. Nesting is bounded, so is recursion.
 *
 *   start = commands           commands  = *command           block = "{" commands "}"
 *   command = identifier arguments (";" / block)               arguments = *argument [ test / test-list ]
 *   argument = string-list / number / tag                      test-list = "(" test *("," test) ")"
 */
import type { Diagnostics } from '../diagnostic.ts'
import { limitCode, type SieveLimits } from '../limits.ts'
import type { Span } from '../place.ts'
import type { Lexer } from './lexer.ts'
import { isTrivia, type TokenKind } from './token.ts'
import type { ArgumentNode, BlockNode, CommandNode, StringNode, TestNode, WordNode } from './tree.ts'

const NO_ARGUMENTS: readonly ArgumentNode[] = []

const SHOWN: Readonly<Partial<Record<TokenKind, string>>> = {
  identifier: 'a name',
  tag: 'a tag',
  number: 'a number',
  string: 'a string',
  end: 'the end of the script',
}

export class Parser {
  readonly #lexer: Lexer
  readonly #report: Diagnostics
  readonly #limits: SieveLimits
  /** A string or comment that is not closed took the rest of the script: that it ends early says nothing more. */
  #cut = false
  #lastEnd = 0

  constructor(lexer: Lexer, report: Diagnostics, limits: SieveLimits) {
    this.#lexer = lexer
    this.#report = report
    this.#limits = limits
    this.#next()
  }

  /** To the next token that means something. */
  #next(): void {
    const lexer = this.#lexer
    lexer.next()
    this.#cut = false
    while (isTrivia(lexer.kind)) {
      this.#cut = lexer.kind === 'bad'
      lexer.next()
    }
  }

  #kind(): TokenKind {
    return this.#lexer.kind
  }

  #span(): Span {
    const { start, end } = this.#lexer
    return { start, end }
  }

  /** Over the token; gives where it was. */
  #take(): Span {
    const span = this.#span()
    this.#skip()
    return span
  }

  #skip(): void {
    this.#lastEnd = this.#lexer.end
    // Nothing moves past `end`.
    if (this.#kind() !== 'end') this.#next()
  }

  #error(span: Span, code: string, message: string): void {
    if (this.#cut && this.#kind() === 'end') return
    this.#report.error('parse', code, span, message)
  }

  #unexpected(wanted: string): void {
    const kind = this.#kind()
    this.#error(this.#span(), 'syntax', `expected ${wanted}, found ${SHOWN[kind] ?? `"${kind}"`}`)
  }

  *script(): Generator<CommandNode, void, undefined> {
    while (this.#kind() !== 'end') {
      if (this.#kind() === '}') {
        this.#error(this.#span(), 'syntax', 'a } that closes nothing')
        this.#skip()
        continue
      }
      const command = this.#command(0)
      if (command !== undefined) yield command
    }
  }

  word(): WordNode {
    const { text: name, start } = this.#lexer
    this.#skip()
    return { name, start, arguments: this.#arguments(0), end: this.#lastEnd }
  }

  #commands(depth: number): CommandNode[] {
    const commands: CommandNode[] = []
    while (this.#kind() !== 'end' && this.#kind() !== '}') {
      const command = this.#command(depth)
      if (command !== undefined) commands.push(command)
    }
    return commands
  }

  #command(depth: number): CommandNode | undefined {
    if (this.#kind() !== 'identifier') {
      this.#unexpected('a command')
      this.#recover(depth)
      return undefined
    }
    const { text: name, start } = this.#lexer
    this.#skip()
    const args = this.#arguments(0)
    if (this.#kind() === ';') {
      this.#skip()
      return { name, start, arguments: args, end: this.#lastEnd, block: undefined }
    }
    if (this.#kind() === '{') {
      const block = this.#block(depth)
      return { name, start, arguments: args, end: this.#lastEnd, block }
    }
    // A forgotten semicolon is told of where it belongs, and the next command is read.
    const end = this.#lastEnd
    if (this.#kind() === 'identifier' || this.#kind() === '}' || this.#kind() === 'end')
      this.#error({ start: end, end: end + 1 }, 'missing-semicolon', `expected ; behind ${name}`)
    else {
      this.#unexpected('; or {')
      this.#recover(depth)
    }
    return { name, start, arguments: args, end: this.#lastEnd, block: undefined }
  }

  #block(depth: number): BlockNode {
    const open = this.#take()
    if (depth >= this.#limits.blockNesting) {
      this.#error(open, limitCode('blockNesting'), `more than ${this.#limits.blockNesting} blocks within each other`)
      this.#skipBlock()
      return { start: open.start, end: this.#lastEnd, commands: [] }
    }
    const commands = this.#commands(depth + 1)
    if (this.#kind() === '}') this.#skip()
    else this.#error(open, 'unclosed-block', 'a { without its }')
    return { start: open.start, end: this.#lastEnd, commands }
  }

  /** Behind the end of a block whose `{` was taken. */
  #skipBlock(): void {
    for (let open = 1; open > 0 && this.#kind() !== 'end'; ) {
      if (this.#kind() === '{') open++
      else if (this.#kind() === '}') open--
      this.#skip()
    }
  }

  /** To where the next command may begin. */
  #recover(depth: number): void {
    for (;;) {
      const kind = this.#kind()
      if (kind === 'end' || kind === '}') return
      if (kind === '{') {
        this.#block(depth)
        return
      }
      this.#skip()
      if (kind === ';') return
    }
  }

  #arguments(depth: number): readonly ArgumentNode[] {
    const args: ArgumentNode[] = []
    for (;;) {
      const argument = this.#argument(depth)
      if (argument === undefined) return args.length === 0 ? NO_ARGUMENTS : args
      args.push(argument)
      if (args.length === this.#limits.arguments + 1)
        this.#error(argument, limitCode('arguments'), `more than ${this.#limits.arguments} arguments`)
      // A test or a list of tests is the last argument of the grammar.
      if (argument.node === 'test' || argument.node === 'test-list') return args
    }
  }

  #argument(depth: number): ArgumentNode | undefined {
    const { kind, start, end, text, number } = this.#lexer
    switch (kind) {
      case 'string':
        this.#skip()
        return { node: 'string', value: text, start, end }
      case 'number':
        this.#skip()
        return { node: 'number', value: number, start, end }
      case 'tag':
        this.#skip()
        return { node: 'tag', name: text, start, end }
      case '[':
        return this.#stringList()
      case '(':
        return this.#testList(depth)
      case 'identifier':
        return this.#test(depth)
      default:
        return undefined
    }
  }

  /** string-list = "[" string *("," string) "]" / string */
  #stringList(): ArgumentNode {
    const open = this.#take()
    const strings: StringNode[] = []
    for (;;) {
      const { kind, start, end, text } = this.#lexer
      if (kind === 'string') {
        this.#skip()
        strings.push({ node: 'string', value: text, start, end })
      } else {
        this.#unexpected('a string')
        if (kind !== ',' && kind !== 'number' && kind !== 'tag') break
        if (kind !== ',') this.#skip()
      }
      if (this.#kind() === ']') break
      if (this.#kind() === ',') this.#skip()
      else if (this.#kind() === 'string') this.#unexpected('a comma')
      else {
        this.#unexpected('] or a comma')
        break
      }
    }
    if (this.#kind() === ']') this.#skip()
    const most = this.#limits.listEntries
    if (strings.length > most)
      this.#error({ start: open.start, end: this.#lastEnd }, limitCode('listEntries'), `more than ${most} strings`)
    return { node: 'string-list', strings, start: open.start, end: this.#lastEnd }
  }

  #testList(depth: number): ArgumentNode {
    const open = this.#take()
    const tests: TestNode[] = []
    for (;;) {
      if (this.#kind() === 'identifier') tests.push(this.#test(depth))
      else {
        this.#unexpected('a test')
        if (this.#kind() !== ',') break
      }
      if (this.#kind() !== ',') break
      this.#skip()
    }
    if (this.#kind() === ')') this.#skip()
    else this.#unexpected(') or a comma')
    return { node: 'test-list', tests, start: open.start, end: this.#lastEnd }
  }

  #test(depth: number): TestNode {
    const { text: name, start } = this.#lexer
    const span = this.#take()
    if (depth >= this.#limits.testNesting) {
      this.#error(span, limitCode('testNesting'), `more than ${this.#limits.testNesting} tests within each other`)
      this.#skipTest()
      return { node: 'test', name: 'false', start, end: this.#lastEnd, arguments: [] }
    }
    const args = this.#arguments(depth + 1)
    return { node: 'test', name, start, end: this.#lastEnd, arguments: args }
  }

  /** Over everything to where the enclosing command goes on. */
  #skipTest(): void {
    let open = 0
    for (;;) {
      const kind = this.#kind()
      if (kind === 'end' || kind === ';' || kind === '{' || kind === '}') return
      if (kind === ')' && open-- === 0) return
      if (kind === '(') open++
      this.#skip()
    }
  }
}
