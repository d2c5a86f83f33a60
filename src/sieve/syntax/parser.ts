// SPDX-License-Identifier: Apache-2.0
/**
 * Reads the tokens of a script as commands, RFC 5228 §8.2. All that is wrong is told of in one go: after a mistake the
 * parser goes on behind the next `;`, at a block, or in front of `}`. Nesting is bounded, so is recursion.
 *
 *   start = commands           commands  = *command           block = "{" commands "}"
 *   command = identifier arguments (";" / block)               arguments = *argument [ test / test-list ]
 *   argument = string-list / number / tag                      test-list = "(" test *("," test) ")"
 */
import { Diagnostics } from '../diagnostic.ts'
import { limitCode, type SieveLimits } from '../limits.ts'
import type { Span } from '../place.ts'
import { Lexer } from './lexer.ts'
import { isTrivia, type Token, type TokenKind } from './token.ts'
import type { ArgumentNode, BlockNode, CommandNode, ScriptNode, StringNode, TestNode } from './tree.ts'

export function parseScript(report: Diagnostics, limits: SieveLimits): ScriptNode {
  const { script } = report
  if (script.text.length > limits.scriptBytes || Buffer.byteLength(script.text) > limits.scriptBytes) {
    const end = script.text.length
    report.error('lex', limitCode('scriptBytes'), { start: 0, end: 0 }, `more than ${limits.scriptBytes} octets`)
    const whole: Token = { kind: 'bad', start: 0, end, text: '', number: 0 }
    return { script, tokens: [whole], commands: [] }
  }
  let tokens: readonly Token[] | undefined
  return {
    script,
    commands: new Parser(new Lexer(report, limits), report, limits).script(),
    // Only who writes a script needs them: kept, they would be most of a tree.
    get tokens() {
      tokens ??= new Lexer(new Diagnostics(script, limits), limits).tokens()
      return tokens
    },
  }
}

const NO_ARGUMENTS: readonly ArgumentNode[] = []

const SHOWN: Readonly<Partial<Record<TokenKind, string>>> = {
  identifier: 'a name',
  tag: 'a tag',
  number: 'a number',
  string: 'a string',
  end: 'the end of the script',
}

class Parser {
  readonly #lexer: Lexer
  readonly #report: Diagnostics
  readonly #limits: SieveLimits
  /** A string or comment that is not closed took the rest of the script: that it ends early says nothing more. */
  #cut = false
  #token: Token
  #lastEnd = 0

  constructor(lexer: Lexer, report: Diagnostics, limits: SieveLimits) {
    this.#lexer = lexer
    this.#report = report
    this.#limits = limits
    this.#token = this.#next()
  }

  /** The next one that means something. */
  #next(): Token {
    let token = this.#lexer.next()
    let kind: TokenKind = 'space'
    while (isTrivia(token)) {
      kind = token.kind
      token = this.#lexer.next()
    }
    this.#cut = kind === 'bad'
    return token
  }

  #peek(): Token {
    return this.#token
  }

  #take(): Token {
    const token = this.#token
    this.#lastEnd = token.end
    // Nothing moves past `end`.
    if (token.kind !== 'end') this.#token = this.#next()
    return token
  }

  #error(span: Span, code: string, message: string): void {
    if (this.#cut && this.#peek().kind === 'end') return
    this.#report.error('parse', code, span, message)
  }

  #unexpected(wanted: string): void {
    const token = this.#peek()
    this.#error(token, 'syntax', `expected ${wanted}, found ${SHOWN[token.kind] ?? `"${token.kind}"`}`)
  }

  script(): readonly CommandNode[] {
    const commands: CommandNode[] = []
    while (this.#peek().kind !== 'end') {
      commands.push(...this.#commands(0))
      if (this.#peek().kind !== '}') continue
      this.#error(this.#peek(), 'syntax', 'a } that closes nothing')
      this.#take()
    }
    return commands
  }

  #commands(depth: number): CommandNode[] {
    const commands: CommandNode[] = []
    while (this.#peek().kind !== 'end' && this.#peek().kind !== '}') {
      const command = this.#command(depth)
      if (command !== undefined) commands.push(command)
    }
    return commands.slice() // without the room that `push` makes: trees are kept
  }

  #command(depth: number): CommandNode | undefined {
    if (this.#peek().kind !== 'identifier') {
      this.#unexpected('a command')
      this.#recover(depth)
      return undefined
    }
    const name = this.#take()
    const args = this.#arguments(0)
    const word = { name: name.text, nameSpan: name, start: name.start, arguments: args }
    if (this.#peek().kind === ';') {
      this.#take()
      return { ...word, end: this.#lastEnd }
    }
    if (this.#peek().kind === '{') {
      const block = this.#block(depth)
      return { ...word, end: this.#lastEnd, block }
    }
    // A forgotten semicolon is told of where it belongs, and the next command is read.
    const end = this.#lastEnd
    if (this.#peek().kind === 'identifier' || this.#peek().kind === '}' || this.#peek().kind === 'end')
      this.#error({ start: end, end: end + 1 }, 'missing-semicolon', `expected ; behind ${name.text}`)
    else {
      this.#unexpected('; or {')
      this.#recover(depth)
    }
    return { ...word, end: this.#lastEnd }
  }

  #block(depth: number): BlockNode {
    const open = this.#take()
    if (depth >= this.#limits.blockNesting) {
      this.#error(open, limitCode('blockNesting'), `more than ${this.#limits.blockNesting} blocks within each other`)
      this.#skipBlock()
      return { start: open.start, end: this.#lastEnd, commands: [] }
    }
    const commands = this.#commands(depth + 1)
    if (this.#peek().kind === '}') this.#take()
    else this.#error(open, 'unclosed-block', 'a { without its }')
    return { start: open.start, end: this.#lastEnd, commands }
  }

  /** Behind the end of a block whose `{` was taken. */
  #skipBlock(): void {
    for (let open = 1; open > 0 && this.#peek().kind !== 'end'; ) {
      const { kind } = this.#take()
      if (kind === '{') open++
      else if (kind === '}') open--
    }
  }

  /** To where the next command may begin. */
  #recover(depth: number): void {
    for (;;) {
      const { kind } = this.#peek()
      if (kind === 'end' || kind === '}') return
      if (kind === '{') {
        this.#block(depth)
        return
      }
      this.#take()
      if (kind === ';') return
    }
  }

  #arguments(depth: number): readonly ArgumentNode[] {
    const args: ArgumentNode[] = []
    for (;;) {
      const argument = this.#argument(depth)
      if (argument === undefined) return args.length === 0 ? NO_ARGUMENTS : args.slice()
      args.push(argument)
      if (args.length === this.#limits.arguments + 1)
        this.#error(argument, limitCode('arguments'), `more than ${this.#limits.arguments} arguments`)
      // A test or a list of tests is the last argument of the grammar.
      if (argument.node === 'test' || argument.node === 'test-list') return args.slice()
    }
  }

  #argument(depth: number): ArgumentNode | undefined {
    const token = this.#peek()
    switch (token.kind) {
      case 'string':
        this.#take()
        return { node: 'string', value: token.text, start: token.start, end: token.end }
      case 'number':
        this.#take()
        return { node: 'number', value: token.number, start: token.start, end: token.end }
      case 'tag':
        this.#take()
        return { node: 'tag', name: token.text, start: token.start, end: token.end }
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
      const token = this.#peek()
      if (token.kind === 'string') {
        this.#take()
        strings.push({ node: 'string', value: token.text, start: token.start, end: token.end })
      } else {
        this.#unexpected('a string')
        if (token.kind === ']') break
        if (token.kind !== ',' && token.kind !== 'number' && token.kind !== 'tag') break
        if (token.kind !== ',') this.#take()
      }
      if (this.#peek().kind === ']') break
      if (this.#peek().kind === ',') this.#take()
      else if (this.#peek().kind === 'string') this.#unexpected('a comma')
      else {
        this.#unexpected('] or a comma')
        break
      }
    }
    if (this.#peek().kind === ']') this.#take()
    const most = this.#limits.listEntries
    if (strings.length > most)
      this.#error({ start: open.start, end: this.#lastEnd }, limitCode('listEntries'), `more than ${most} strings`)
    return { node: 'string-list', strings: strings.slice(), start: open.start, end: this.#lastEnd }
  }

  #testList(depth: number): ArgumentNode {
    const open = this.#take()
    const tests: TestNode[] = []
    for (;;) {
      if (this.#peek().kind === 'identifier') tests.push(this.#test(depth))
      else {
        this.#unexpected('a test')
        if (this.#peek().kind !== ',') break
      }
      if (this.#peek().kind !== ',') break
      this.#take()
    }
    if (this.#peek().kind === ')') this.#take()
    else this.#unexpected(') or a comma')
    return { node: 'test-list', tests: tests.slice(), start: open.start, end: this.#lastEnd }
  }

  #test(depth: number): TestNode {
    const name = this.#take()
    if (depth >= this.#limits.testNesting) {
      this.#error(name, limitCode('testNesting'), `more than ${this.#limits.testNesting} tests within each other`)
      this.#skipTest()
      return { node: 'test', name: 'false', nameSpan: name, start: name.start, end: this.#lastEnd, arguments: [] }
    }
    const args = this.#arguments(depth + 1)
    return { node: 'test', name: name.text, nameSpan: name, start: name.start, end: this.#lastEnd, arguments: args }
  }

  /** Over everything to where the enclosing command goes on. */
  #skipTest(): void {
    let open = 0
    for (;;) {
      const { kind } = this.#peek()
      if (kind === 'end' || kind === ';' || kind === '{' || kind === '}') return
      if (kind === ')' && open-- === 0) return
      if (kind === '(') open++
      this.#take()
    }
  }
}
