// SPDX-License-Identifier: Apache-2.0
/** What reads the files beside postern.yaml when a configuration is loaded: by the server, its reload and `check` alike. */
import type { FileChecker } from '../config/load.ts'
import { parseAliasFile } from './alias-file.ts'

export const FILE_CHECKERS: readonly FileChecker[] = [
  { role: 'aliases', code: 'alias', check: (text, file) => parseAliasFile(text, file).problems },
]
