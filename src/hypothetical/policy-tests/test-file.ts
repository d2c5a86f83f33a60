// SPDX-License-Identifier: Apache-2.0
/**
 * Reads policy tests, YAML files below `tests/` of the configuration: given this session, expect this verdict, by this
 * row or setting. Strict: a key nobody knows is an error, for a test that tests nothing is worse than none.
 *
 *   dns: { mx.example.net: { A: [192.0.2.1] } }        # what name servers say; to all else they say "try later"
 *   tests:
 *     - name: strangers do not relay
 *       session: { ip: 198.51.100.7, from: kim@example.net, to: [far@example.com] }
 *       expect: { verdict: refused, by: ORIG_SEND_ACCESS, reply: 550 5.7.1 }
 */
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml'
import { isVerdict, VERDICTS, type Verdict } from '../hypothesis.ts'
import { asRecord } from '../json.ts'
import { BadScenario, parseScenario, type Scenario } from '../scenario.ts'
import { DnsZone, type ZoneRecords } from './dns-zone.ts'

export interface Expectation {
  readonly verdict?: Verdict | 'mixed'
  /** What decided: a stage, a table, a setting, a rule, `file:line`, or the row as it is written. */
  readonly by?: string
  /** The last reply to the recipients begins so. */
  readonly reply?: string
  /** The source channel at the end. */
  readonly source?: string
  /** Verdicts of single recipients. */
  readonly recipients?: Readonly<Record<string, Verdict>>
  /** What filters make of the message, by the recipient as typed: `into Lists, to lee@example.net`, `inbox`. */
  readonly filters?: Readonly<Record<string, string>>
}

export interface PolicyTest {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly scenario: Scenario
  readonly expect: Expectation
  readonly dns: DnsZone
}

export interface TestProblem {
  readonly file: string
  readonly line: number
  readonly message: string
}

export interface TestFile {
  readonly tests: readonly PolicyTest[]
  readonly problems: readonly TestProblem[]
}

export function readTestFile(file: string, text: string): TestFile {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, logLevel: 'silent' })
  const [syntax] = document.errors
  if (syntax !== undefined)
    return { tests: [], problems: [{ file, line: counter.linePos(syntax.pos[0]).line, message: syntax.message }] }
  return new Reader(file, counter).read(document.contents)
}

/** Something in the file is not as it should be. */
class Problem extends Error {
  readonly node: Node | undefined
  constructor(message: string, node: unknown) {
    super(message)
    this.node = isNode(node) ? node : undefined
  }
}

const isNode = (value: unknown): value is Node => isMap(value) || isSeq(value) || isScalar(value)

class Reader {
  readonly #file: string
  readonly #counter: LineCounter
  readonly #tests: PolicyTest[] = []
  readonly #problems: TestProblem[] = []

  constructor(file: string, counter: LineCounter) {
    this.#file = file
    this.#counter = counter
  }

  read(root: unknown): TestFile {
    this.#guarded(root, () => {
      if (root === null) return
      const map = isSeq(root) ? undefined : this.#map(root, ['dns', 'tests'], 'a file of tests')
      const dns = new DnsZone(map === undefined ? {} : readDns(map.get('dns', true)))
      const list: unknown = map === undefined ? root : map.get('tests', true)
      if (!isSeq(list)) throw new Problem('`tests` is to be a list', list ?? root)
      for (const item of list.items) this.#guarded(item, () => this.#tests.push(this.#test(item, dns)))
    })
    return { tests: this.#tests, problems: this.#problems }
  }

  #test(item: unknown, dns: DnsZone): PolicyTest {
    const map = this.#map(item, ['name', 'session', 'expect'], 'a test')
    const name: unknown = map.get('name')
    if (typeof name !== 'string') throw new Problem('a test needs a `name`', item)
    const session: unknown = map.get('session', true)
    if (!isMap(session)) throw new Problem('a test needs a `session`', item)
    const expected: unknown = map.get('expect', true)
    if (expected === undefined) throw new Problem('a test needs what to `expect`', item)
    return {
      name,
      file: this.#file,
      line: this.#lineOf(item),
      scenario: scenarioOf(session),
      expect: this.#expectation(expected),
      dns,
    }
  }

  #expectation(node: unknown): Expectation {
    if (isScalar(node)) return { verdict: verdictOf(node.value, node) }
    const map = this.#map(node, ['verdict', 'by', 'reply', 'source', 'recipients', 'filters'], 'what to expect')
    const text = (key: string): string | undefined => {
      const value: unknown = map.get(key)
      if (value === undefined) return undefined
      if (typeof value !== 'string' && typeof value !== 'number') throw new Problem(`\`${key}\` is to be a text`, node)
      return String(value)
    }
    const verdict = text('verdict')
    const by = text('by')
    const reply = text('reply')
    const source = text('source')
    const recipients: unknown = map.get('recipients', true)
    const filters: unknown = map.get('filters', true)
    if (map.items.length === 0) throw new Problem('nothing is expected', node)
    return {
      ...(verdict === undefined ? {} : { verdict: verdictOf(verdict, node) }),
      ...(by === undefined ? {} : { by }),
      ...(reply === undefined ? {} : { reply }),
      ...(source === undefined ? {} : { source }),
      ...(recipients === undefined ? {} : { recipients: recipientsOf(recipients) }),
      ...(filters === undefined ? {} : { filters: textsOf(filters) }),
    }
  }

  #map(node: unknown, known: readonly string[], what: string): YAMLMap {
    if (!isMap(node)) throw new Problem(`${what} is to be a map`, node)
    for (const pair of node.items) {
      const key = keyOf(pair)
      if (!known.includes(key))
        throw new Problem(`${what} has no \`${key}\`; it may have ${known.join(', ')}`, isPair(pair) ? pair.key : node)
    }
    return node
  }

  #guarded(item: unknown, work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      this.#problems.push({ file: this.#file, line: this.#lineOf(error.node ?? item), message: error.message })
    }
  }

  #lineOf(node: unknown): number {
    return isNode(node) && node.range !== undefined && node.range !== null
      ? this.#counter.linePos(node.range[0]).line
      : 1
  }
}

const keyOf = (pair: Pair): string => (isScalar(pair.key) ? String(pair.key.value) : '')

function scenarioOf(node: YAMLMap): Scenario {
  try {
    return parseScenario(node.toJSON())
  } catch (error) {
    if (error instanceof BadScenario) throw new Problem(error.message, node)
    throw error
  }
}

function verdictOf(value: unknown, node: unknown): Verdict | 'mixed' {
  if (value === 'mixed' || (typeof value === 'string' && isVerdict(value))) return value
  throw new Problem(`${JSON.stringify(value)} is no verdict; they are ${VERDICTS.join(', ')}, mixed`, node)
}

function recipientsOf(node: unknown): Readonly<Record<string, Verdict>> {
  if (!isMap(node)) throw new Problem('`recipients` is to be a map of addresses to verdicts', node)
  return Object.fromEntries(
    Object.entries(asRecord(node.toJSON()) ?? {}).map(([address, value]) => {
      const verdict = verdictOf(value, node)
      if (verdict === 'mixed') throw new Problem('one recipient is never mixed', node)
      return [address, verdict]
    }),
  )
}

function textsOf(node: unknown): Readonly<Record<string, string>> {
  if (!isMap(node)) throw new Problem('`filters` is to be a map of addresses to what becomes of the message', node)
  return Object.fromEntries(
    Object.entries(asRecord(node.toJSON()) ?? {}).map(([address, value]) => {
      if (typeof value !== 'string') throw new Problem(`what becomes of the message for ${address} is a text`, node)
      return [address, value]
    }),
  )
}

function readDns(node: unknown): Readonly<Record<string, ZoneRecords>> {
  if (node === undefined) return {}
  const bad = (): never => {
    throw new Problem('`dns` is to be a map: name: { A: [192.0.2.1] }', node)
  }
  if (!isMap(node)) return bad()
  const names = Object.entries(asRecord(node.toJSON()) ?? {}).map(([name, records]) => {
    const types = Object.entries(asRecord(records) ?? bad()).map(([type, list]) => {
      const texts: unknown[] = Array.isArray(list) ? list : [list]
      if (!DnsZone.isType(type)) return bad()
      return [type, texts.map(String)] as const
    })
    return [name.toLowerCase(), Object.fromEntries(types)] as const
  })
  return Object.fromEntries(names)
}
