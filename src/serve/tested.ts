// SPDX-License-Identifier: Apache-2.0
/** A configuration whose policy tests fail is not put to use (hypothetical/policy-tests/). */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { LoadedRevision } from '../config/where.ts'

/** What failed, ready to print; `undefined`: nothing did, or there are no tests. */
export async function failedTests(revision: LoadedRevision): Promise<string | undefined> {
  // Most sites have none, and need nothing of this loaded.
  if (!existsSync(join(revision.directory, 'tests'))) return undefined
  const { runPolicyTests } = await import('../hypothetical/policy-tests/run-tests.ts')
  const run = await runPolicyTests(revision)
  if (run.fine) return undefined
  const { renderTests } = await import('../hypothetical/policy-tests/render-tests.ts')
  return `policy tests fail (postern test says the same):\n${renderTests(run, { color: false, mappings: revision.tables.mappings })}`
}
