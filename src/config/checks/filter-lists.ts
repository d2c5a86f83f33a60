// SPDX-License-Identifier: Apache-2.0
/** Lists of filters that are mapping tables: a table that is not there would be a list without members, and nobody told. */
import type { Diagnostic } from '../diagnostic.ts'
import { CONFIG_FILE } from '../files.ts'
import { type ConfigInput, valueAt } from '../input.ts'
import { isRecord } from '../json-schema.ts'
import { placeOf } from '../place.ts'
import type { SiteTables } from '../site-tables.ts'
import type { YamlSource } from '../yaml-source.ts'

export function checkFilterLists({ mappings }: SiteTables, source: YamlSource, input: ConfigInput): Diagnostic[] {
  const lists = valueAt(input.value, ['filters', 'lists'])
  const names = isRecord(lists) ? Object.keys(lists) : []
  return names.flatMap((name) => {
    const path = ['filters', 'lists', name, 'mapping']
    const table = valueAt(input.value, path)
    if (typeof table !== 'string' || mappings.table(table) !== undefined) return []
    return {
      code: 'bad-value',
      severity: 'error',
      file: CONFIG_FILE,
      ...placeOf(source, input, path, 'value'),
      message: `there is no mapping table ${table}`,
      reason: 'no value would be in the list',
    }
  })
}
