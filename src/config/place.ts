// SPDX-License-Identifier: Apache-2.0
/** The place to show for a path of the configuration: its own, or of the nearest thing above it that is written. */
import type { ConfigInput } from './input.ts'
import type { Path, Place, YamlSource } from './yaml-source.ts'

const TOP: Place = { line: 1, column: 1, length: 1 }

export function placeOf(source: YamlSource, input: ConfigInput, path: Path, where: 'key' | 'value'): Place {
  const written = input.written(path)
  const own = where === 'key' ? source.keyAt(written) : source.valueAt(written)
  if (own !== undefined) return own
  for (let n = written.length - 1; n > 0; n--) {
    const above = source.keyAt(written.slice(0, n))
    if (above !== undefined) return above
  }
  return TOP
}
