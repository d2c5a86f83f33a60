// SPDX-License-Identifier: Apache-2.0
/** Filter scripts that ran, for people: which, for whom, what matched, what they did, and which of them decided. */
import type { FilterEffect, FilterTrace } from '../policy/filters/filter-trace.ts'
import type { Step } from '../policy/trace.ts'
import { clean } from './clean.ts'
import type { Paint } from './paint.ts'

const SAYS: Readonly<Record<FilterEffect, string>> = {
  decides: 'decides',
  passes: 'leaves it to the next',
  overrides: 'overrides',
  ignored: 'has no say: it is decided',
  failed: 'failed',
}

export function filterLines(
  { filters = [], filtersDropped = 0 }: Pick<Step, 'filters' | 'filtersDropped'>,
  paint: Paint,
): readonly string[] {
  return [
    ...filters.flatMap((filter) => linesOf(filter, paint)),
    ...(filtersDropped === 0 ? [] : [paint('yellow', `${filtersDropped} more scripts are not shown`)]),
  ]
}

function linesOf(filter: FilterTrace, paint: Paint): readonly string[] {
  const { level, script, effect, recipients, recipientsDropped, by, actions = [], matched = [], notes = [] } = filter
  const more = recipientsDropped === undefined ? '' : ` and ${recipientsDropped} more`
  const loud = effect === 'decides' || effect === 'overrides' ? 'bold' : effect === 'failed' ? 'red' : 'dim'
  return [
    `${paint('bold', `${level} filter`)} ${clean(script)}: ${paint(loud, SAYS[effect])}  for ${clean(recipients.join(' '), 300)}${more}`,
    ...(by === undefined ? [] : [`  ${clean(by.script)}:${by.line}:${by.column}  ${clean(by.text ?? '')}`]),
    ...matched.map(
      ({ script: of, line, test, value, key }) =>
        `  ${of === undefined ? 'line' : clean(of)} ${line}: ${clean(test)} holds${key === undefined ? '' : `, ${quoted(value ?? '')} matched ${quoted(key)}`}`,
    ),
    ...(actions.length === 0 ? [] : [`  did ${actions.map((action) => clean(action)).join(', ')}`]),
    ...notes.map((note) => `  ${paint('yellow', clean(note))}`),
  ]
}

const quoted = (text: string): string => JSON.stringify(clean(text))
