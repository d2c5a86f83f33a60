// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/**
 * Strings of a script made ready: encoded characters (RFC 5228 §2.4.2.4) are put in place when the script is compiled,
 * then variables (RFC 5229 §3) are found; their values come in when it runs. What is not formed rightly stays as text.
 */
import type { VariableString } from '../compiled.ts'
import { limitCode } from '../limits.ts'
import type { ValidateContext } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'
import type { StringNode } from '../syntax/tree.ts'
import { octetsToText } from '../text.ts'

/** encoded-arb-octets / encoded-unicode-char; blanks may stand between. */
const ENCODED = /\$\{(hex|unicode):([0-9A-Fa-f \t\r\n]*)\}/gi

/** variable-ref = "${" [namespace] variable-name "}"; variable-name = num-variable / identifier */
const VARIABLE = /\$\{([0-9]+|[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)\}/g

type Piece = string | ((ctx: RunContext) => string)

export function compileString(node: StringNode, ctx: ValidateContext): string | VariableString {
  const value = withEscapes(node, ctx)
  if (!value.includes('${')) return value
  const encoded = value.search(ENCODED) >= 0 && ctx.enabled('encoded-character')
  const text = encoded ? decodeCharacters(value, node, ctx) : value
  if (text.search(VARIABLE) < 0 || !ctx.enabled('variables')) return text
  const pieces: Piece[] = []
  let at = 0
  for (const match of text.matchAll(VARIABLE)) {
    const piece = reference(match[1] ?? '', node, ctx)
    if (piece === undefined) continue
    if (match.index > at) pieces.push(text.slice(at, match.index))
    pieces.push(piece)
    at = match.index + match[0].length
  }
  if (pieces.length === 0) return text
  if (at < text.length) pieces.push(text.slice(at))
  return {
    expand: (run) => {
      let out = ''
      for (const piece of pieces) {
        out += typeof piece === 'string' ? piece : piece(run)
        // A script of variables alone would be a thousand times its size.
        if (out.length > run.limits.stringBytes)
          run.fail(limitCode('stringBytes'), `a string of more than ${run.limits.stringBytes} octets`)
      }
      run.spend(1 + (out.length >> 8))
      return out
    },
  }
}

const ESCAPED: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t' }

/** Where the host has `\r`, `\n` and `\t` (private/site.ts): RFC 5228 §2.4.2 leaves them to extensions. */
function withEscapes({ value, start, end }: StringNode, ctx: ValidateContext): string {
  // As long as it was written, but for the quotes.
  if (value.length === end - start - 2) return value
  const written = ctx.report.script.text.slice(start, end)
  if (!written.startsWith('"') || !/\\[rnt]/.test(written)) return value
  if (!ctx.enabled('vnd.sun.escapes') || !ctx.enabled('encoded-character')) return value
  const lines = written.slice(1, -1).replace(/\r?\n/g, '\r\n')
  return lines.replace(/\\([\s\S])/g, (_whole, character: string) => ESCAPED[character] ?? character)
}

function decodeCharacters(value: string, node: StringNode, ctx: ValidateContext): string {
  return value.replace(ENCODED, (whole: string, kind: string, inside: string) => {
    const numbers = inside.split(/[ \t\r\n]+/).filter((number) => number !== '')
    if (numbers.length === 0) return whole
    if (kind.toLowerCase() === 'hex')
      return numbers.every((number) => number.length <= 2)
        ? octetsToText(Buffer.from(numbers.map((number) => Number.parseInt(number, 16))))
        : whole
    const points = numbers.map((number) => Number.parseInt(number, 16))
    if (points.some((point) => point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))) {
      ctx.error(node, 'bad-character', `${whole.slice(0, 40)} is no Unicode character`)
      return whole
    }
    return String.fromCodePoint(...points)
  })
}

/** What stands for a reference; `undefined`: it is no reference. */
function reference(name: string, node: StringNode, ctx: ValidateContext): Piece | undefined {
  if (/^[0-9]+$/.test(name)) {
    const index = Number(name)
    if (index > ctx.limits.matchVariables) {
      ctx.error(node, limitCode('matchVariables'), `\${${name}}: match variables go up to ${ctx.limits.matchVariables}`)
      return ''
    }
    return (run) => run.variables.matched(index)
  }
  const dot = name.indexOf('.')
  if (dot < 0) {
    if (name.length > ctx.limits.variableNameLength) {
      ctx.error(node, limitCode('variableNameLength'), `a variable name longer than ${ctx.limits.variableNameLength}`)
      return ''
    }
    const key = name.toLowerCase()
    return (run) => run.variables.get(key)
  }
  // §3: a namespace whose extension is not required is an error.
  const namespace = ctx.namespace(name.slice(0, dot))
  const path = name.slice(dot + 1).toLowerCase()
  if (namespace === undefined || namespace.valid?.(path) === false) {
    ctx.error(node, 'unknown-namespace', `\${${name}} is no variable; is a require missing?`)
    return ''
  }
  return (run) => namespace.get(run, path)
}
