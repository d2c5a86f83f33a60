// SPDX-License-Identifier: Apache-2.0
/**
 * What a cross check works with: the merged data before the schema has judged it, and a way to report at a path. A
 * check looks only at values of the type it expects; the others are the schema's to report.
 */
import type { DiagnosticCode } from '../codes.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { type ConfigInput, valueAt } from '../input.ts'
import { isRecord } from '../json-schema.ts'
import { placeOf } from '../place.ts'
import type { Path, YamlSource } from '../yaml-source.ts'

export interface Finding {
  readonly code: DiagnosticCode
  readonly severity?: 'warning'
  readonly path: Path
  readonly where?: 'key'
  readonly message: string
  readonly reason?: string
  readonly fix?: string
}

export interface Checking {
  text(...path: Path): string | undefined
  number(...path: Path): number | undefined
  /** The entries of a map; none when it is not one. */
  map(...path: Path): readonly (readonly [string, unknown])[]
  list(...path: Path): readonly unknown[]
  has(...path: Path): boolean
  report(finding: Finding): void
}

export type Check = (c: Checking) => void

export function runChecks(checks: readonly Check[], source: YamlSource, input: ConfigInput): Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const at = (path: Path): unknown => valueAt(input.value, path)
  const c: Checking = {
    text: (...path) => {
      const value = at(path)
      return typeof value === 'string' ? value : undefined
    },
    number: (...path) => {
      const value = at(path)
      return typeof value === 'number' ? value : undefined
    },
    map: (...path) => {
      const value = at(path)
      return isRecord(value) ? Object.entries(value) : []
    },
    list: (...path) => {
      const value = at(path)
      return Array.isArray(value) ? value : []
    },
    has: (...path) => {
      const value = at(path)
      return value !== undefined && value !== null
    },
    report: (finding) => {
      const { path, where, severity, ...rest } = finding
      const place = placeOf(source, input, path, where ?? 'value')
      diagnostics.push({ severity: severity ?? 'error', file: source.file, ...place, ...rest })
    },
  }
  for (const check of checks) check(c)
  return diagnostics
}
