// SPDX-License-Identifier: Apache-2.0
/**
 * What can be said of mapping tables beyond how rows are written: rows that others take everything from, rows that
 * decide the other way about a part of the same, networks with host bits, and look-alikes of known mistakes. For
 * `postern check`: it takes its time, and a server does not need it.
 */
import { parseNetwork } from '../../address/network.ts'
import { covers } from '../../mapping/covers.ts'
import { describeTable, type MappingRow, type Mappings, type MappingTable } from '../../mapping/index.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { formatNetwork } from '../networks.ts'
import { lookAlikes } from './look-alikes.ts'
import { overlap } from './overlap.ts'
import { warn } from './row-warning.ts'

/** Pairs of rows compared in one table. */
const MOST_PAIRS = 200_000
/** Rows told of that are shadowed in part, in one table: where there are more, they are meant so. */
const MOST_PARTLY = 20
/** Characters of a probe that are shown. */
const MAX_SHOWN = 100

export const checkMappingTables = (mappings: Mappings): readonly Diagnostic[] =>
  [...mappings.tables()].flatMap((table) => [
    ...shadowed(table),
    ...table.rows.flatMap((row) => [...hostBits(row), ...lookAlikes(row)]),
  ])

function shadowed(table: MappingTable): readonly Diagnostic[] {
  const whole = describeTable(table).shadowed
  const told = new Set(whole.map(({ row }) => row))
  return [
    ...whole.map(({ row, by: [by = row, ...more], probe }) =>
      more.length === 0 && row.patternText === by.patternText
        ? warn(row, 'mapping-duplicate', `${placeOf(by)} has the same pattern`, {
            reason: row.templateText === by.templateText ? 'The second one changes nothing.' : 'The first one decides.',
            fix: 'remove one of them',
          })
        : warn(row, 'mapping-shadowed', `this row never decides: ${takers([by, ...more])} everything it matches`, {
            reason: `${shown(probe)} goes to ${placeOf(by)}.`,
            fix: more.length === 0 ? 'put it above that row, or remove it' : 'put it above those rows, or remove it',
          }),
    ),
    ...partly(table, told),
  ]
}

/**
 * Specific rows above general ones are how tables are written. Two rows that cross, neither of them the special case
 * of the other, while one lets pass what the other refuses, depend on their order: that is worth a look.
 */
function partly({ rows }: MappingTable, told: ReadonlySet<MappingRow>): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  let pairs = 0
  for (const row of rows) {
    const mine = told.has(row) ? undefined : decisionOf(row)
    if (mine === undefined) continue
    for (const earlier of rows) {
      if (earlier.number >= row.number || found.length >= MOST_PARTLY) break
      if (!earlier.template.alwaysEnds || decisionOf(earlier) !== opposite(mine)) continue
      if (++pairs > MOST_PAIRS) return found
      const probe = overlap(earlier.pattern, row.pattern)
      if (probe === undefined || covers(row.pattern, earlier.pattern)) continue
      found.push(
        warn(
          row,
          'mapping-shadowed',
          `${placeOf(earlier)} decides the other way about a part of what this row matches`,
          {
            reason: `${shown(probe)} goes to ${placeOf(earlier)}.`,
            fix: 'if this row is to decide about that, put it above',
          },
        ),
      )
      break
    }
  }
  return found
}

/** Rows that hide another one. Many small networks are told of by the first and the last. */
function takers(rows: readonly MappingRow[]): string {
  const [first, second] = [rows[0], rows.at(-1)]
  if (first === undefined || second === undefined || rows.length === 1) return `${first && placeOf(first)} takes`
  const between = rows.length > 2 ? ` and ${rows.length - 2} between them` : ''
  return `${placeOf(first)} and ${placeOf(second)}${between} together take`
}

type Decision = 'allow' | 'refuse'
const opposite = (decision: Decision): Decision => (decision === 'allow' ? 'refuse' : 'allow')

/** What its template says for certain. */
function decisionOf({ template }: MappingRow): Decision | undefined {
  const flags = template.nodes.flatMap((node) => (node.kind === 'flag' ? [node.flag] : []))
  if (flags.includes('N') || flags.includes('F')) return 'refuse'
  return flags.includes('Y') ? 'allow' : undefined
}

function hostBits(row: MappingRow): readonly Diagnostic[] {
  return row.pattern.elements.flatMap((element) => {
    if (element.kind !== 'network') return []
    const written = row.patternText.slice(element.from, element.to)
    const m = /([({<])([^/)}>]*)(?:\/(\d+))?[)}>]$/.exec(written)
    const [, bracket = '', address = '', number] = m ?? []
    if (number === undefined) return []
    const network = parseNetwork(`${address}/${bracket === '<' ? 32 - Number(number) : number}`)
    if (network?.hasHostBits !== true) return []
    const { line, column } = row.patternPlace(element.from)
    return [
      {
        ...warn(row, 'mapping-host-bits', `${written} has bits set that do not count`, {
          reason: `It matches all of ${formatNetwork(network)}.`,
          fix: `write that network, or ${address} for the one address`,
        }),
        line,
        column,
        length: element.to - element.from,
      },
    ]
  })
}

const placeOf = ({ file, line }: MappingRow): string => `${file}:${line}`
const shown = (probe: string): string =>
  JSON.stringify(probe.length > MAX_SHOWN ? `${probe.slice(0, MAX_SHOWN)}…` : probe)
