// SPDX-License-Identifier: Apache-2.0
/** A warning about a row of a mapping table. */
import type { MappingRow } from '../../mapping/index.ts'
import type { DiagnosticCode } from '../codes.ts'
import type { Diagnostic } from '../diagnostic.ts'

export const warn = (
  { file, line, column, patternText }: MappingRow,
  code: DiagnosticCode,
  message: string,
  { reason, fix }: { readonly reason: string; readonly fix: string },
): Diagnostic => ({
  code,
  severity: 'warning',
  file,
  line,
  column,
  length: Math.max(1, patternText.length),
  message,
  reason,
  fix,
})
