// SPDX-License-Identifier: Apache-2.0
/**
 * For tests: the language once more, as simply as its specification can be followed. It tries rows in order, walks the
 * text of a pattern with plain backtracking and knows no index, no table of places and no compiled form. It has nothing
 * in common with the code it checks. Well-formed rows without look-ups alone.
 */
import { isIPv4, isIPv6 } from 'node:net'

export interface ReferenceRow {
  readonly pattern: string
  readonly template: string
}

export interface ReferenceResult {
  readonly state: 'ok' | 'FAIL' | 'NOMATCH'
  readonly output: string
  readonly flags: string
  /** Number of the last row that matched. */
  readonly row: number
}

/** Steps and lengths beyond which the simple way takes too long: then there is no answer. */
const PATIENCE = { steps: 20_000, matches: 300, length: 1500 }

/** spec 2 and 5. `undefined`: it took too long. */
export function runReference(
  rows: readonly ReferenceRow[],
  probe: string,
  input: ReadonlySet<string>,
): ReferenceResult | undefined {
  const flags = new Set<string>()
  const result = { row: -1, failed: false }
  const end = (): ReferenceResult => ({
    state: result.row === -1 ? 'NOMATCH' : result.failed ? 'FAIL' : 'ok',
    output: current,
    flags: [...flags].sort().join(''),
    row: result.row,
  })
  let current = probe
  let previousLength = probe.length
  let n = 0
  for (let matches = 0; ; ) {
    let next: 'end' | 'again' = 'end'
    let extraPass = false
    for (const [number, { pattern, template }] of rows.entries()) {
      const fields = matchReference(pattern, current)
      if (fields === 'tired') return undefined
      if (fields === undefined) continue
      if (++matches > PATIENCE.matches) return undefined
      const expanded = expandReference(template, fields, input)
      if (!expanded.failed) {
        current = expanded.output
        for (const flag of expanded.flags) flags.add(flag)
      }
      if (current.length > PATIENCE.length) return undefined
      result.row = number
      result.failed = expanded.failed && expanded.control === ''
      if (expanded.control === '') return end()
      extraPass = expanded.control === 'L'
      if (expanded.control === 'R') {
        next = 'again'
        break
      }
    }
    if (next === 'end' && !extraPass) return end()
    n = current.length >= previousLength ? n + 1 : 0
    if (n > 10) return end()
    previousLength = current.length
  }
}

/** spec 4.2: a failure keeps the control seen so far and nothing else. */
function expandReference(
  template: string,
  fields: readonly string[],
  input: ReadonlySet<string>,
): { output: string; flags: Set<string>; control: string; failed: boolean } {
  const flags = new Set<string>()
  let output = ''
  let control = ''
  let casing = '_'
  const add = (text: string): void => {
    for (const c of text) {
      const ascii = c < '\x80'
      output += !ascii || casing === '_' ? c : casing === '^' ? c.toUpperCase() : c.toLowerCase()
    }
  }
  for (let i = 0; i < template.length; i++) {
    if (template[i] !== '$') {
      add(template[i] ?? '')
      continue
    }
    const c = (template[++i] ?? '').toUpperCase()
    if (c === '$' || c === ' ' || c === '\t') add(c)
    else if (/[0-9]/.test(c)) add(fields[Number(c)] ?? '')
    else if (/[CLR]/.test(c)) control = c
    else if (c === 'E') control = ''
    else if (/[\\^_]/.test(c)) casing = c
    else if (c === ':' || c === ';') {
      const set = input.has((template[++i] ?? '').toUpperCase())
      if (set !== (c === ':')) return { output: '', flags: new Set(), control, failed: true }
    } else flags.add(c)
  }
  return { output, flags, control, failed: false }
}

const TOKEN =
  /\$([_@^]*)(?:((?:[ABDHOSTX]|\[(?:\\.|[^\]\\])*\])?[*%])|([0-9])\*?|\(([^)]*)\)|<([^>]*)>|\{([^}]*)\})|\$([$*% \t])|([\s\S])/iy

const CLASSES: Readonly<Record<string, string>> = {
  A: '[a-z]',
  B: '[01]',
  D: '[0-9]',
  H: '[0-9a-f]',
  O: '[0-7]',
  S: '[0-9a-z_$]',
  T: '[\\t\\v ]',
  X: '[0-9a-f]',
}

/** spec 3: the fields, or nothing. */
export function matchReference(pattern: string, probe: string): string[] | undefined | 'tired' {
  let steps = 0
  const go = (p: number, s: number, fields: readonly string[]): readonly string[] | undefined => {
    if (++steps > PATIENCE.steps) return undefined
    if (p === pattern.length) return s === probe.length ? fields : undefined
    TOKEN.lastIndex = p
    const token = TOKEN.exec(pattern)
    if (token === null) throw new Error(`the reference cannot read ${pattern}`)
    const [all, modifiers = '', wild, again, net4, ignore4, net6, quoted, plain] = token
    const next = p + all.length
    const through = (to: number): readonly string[] | undefined =>
      go(next, to, modifiers.includes('@') ? fields : [...fields, probe.slice(s, to)])
    const literal = quoted ?? (all === '$*' || all === '$%' ? all[1] : wild === undefined ? plain : undefined)
    if (literal !== undefined && literal !== '*' && literal !== '%')
      return lower(literal) === lower(probe[s] ?? '') ? go(next, s + 1, fields) : undefined
    if (literal !== undefined && all.startsWith('$')) return literal === probe[s] ? go(next, s + 1, fields) : undefined
    if (again !== undefined) {
      const text = fields[Number(again)]
      if (text === undefined) return undefined
      return lower(probe.slice(s, s + text.length)) === lower(text) ? through(s + text.length) : undefined
    }
    const net = net4 ?? ignore4 ?? net6
    if (net !== undefined) {
      const end = s + (/^[0-9a-f:.]*/i.exec(probe.slice(s))?.[0] ?? '').length
      const run = net6 === undefined ? (/^[0-9.]*/.exec(probe.slice(s))?.[0] ?? '') : probe.slice(s, end)
      return inNetwork(run, net, net4 !== undefined ? '(' : net6 !== undefined ? '{' : '<')
        ? through(s + run.length)
        : undefined
    }
    const which = wild ?? literal ?? ''
    const one = which.endsWith('%')
    const set = which.slice(0, -1)
    const member = set === '' ? /[\s\S]/ : new RegExp(`^${CLASSES[set.toUpperCase()] ?? set}$`, 'i')
    const fits = (at: number): boolean => at < probe.length && member.test(probe[at] ?? '')
    if (one) return fits(s) ? through(s + 1) : undefined
    let far = s
    while (fits(far)) far++
    for (let k = 0; k <= far - s; k++) {
      const found = through(modifiers.includes('_') ? s + k : far - k)
      if (found !== undefined) return found
    }
    return undefined
  }
  const found = go(0, 0, [])
  if (steps > PATIENCE.steps) return 'tired'
  return found === undefined ? undefined : [...found]
}

const lower = (text: string): string => text.replace(/[A-Z]/g, (c) => c.toLowerCase())

function inNetwork(text: string, written: string, bracket: '(' | '<' | '{'): boolean {
  const [address = '', n] = written.split('/')
  const v6 = bracket === '{'
  const tidy = decimalOctets(text)
  if (v6 ? !isIPv6(tidy) : !isIPv4(tidy)) return false
  const width = v6 ? 128n : 32n
  const given = n === undefined ? undefined : BigInt(n)
  const bits = bracket === '<' ? width - (given ?? 0n) : (given ?? width)
  return addressValue(tidy) >> (width - bits) === addressValue(address) >> (width - bits)
}

/** Leading zeros of decimal octets mean nothing (3.6); Node takes them for a trap. */
const decimalOctets = (text: string): string =>
  /^(.*:)?\d{1,3}(\.\d{1,3}){3}$/.test(text)
    ? text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...octets) => octets.slice(0, 4).map(Number).join('.'))
    : text

function addressValue(address: string): bigint {
  if (isIPv4(address)) return address.split('.').reduce((sum, octet) => sum * 256n + BigInt(octet), 0n)
  const whole = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...octets) => {
    const [a, b, c, d] = octets.map(Number)
    return `${((a ?? 0) * 256 + (b ?? 0)).toString(16)}:${((c ?? 0) * 256 + (d ?? 0)).toString(16)}`
  })
  const [head = '', tail] = whole.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const front = groups(head)
  const back = groups(tail ?? '')
  const zeros = new Array<string>(tail === undefined ? 0 : 8 - front.length - back.length).fill('0')
  return [...front, ...zeros, ...back].reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n)
}
