// SPDX-License-Identifier: Apache-2.0
/** Proves: what each section of the RFCs asks for, one test each, as scripts of the test language (suite-extension.ts). */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { describe, test } from 'node:test'
import { runSuite } from './run-suite.ts'

for (const file of globSync(`${import.meta.dirname}/**/*.svtest`).sort()) {
  const name = basename(file)
  const { tests, trouble } = await runSuite(name, readFileSync(file, 'utf8'), dirname(file))
  describe(name, () => {
    test('compiles and runs to its end', () => assert.equal(trouble, undefined))
    for (const { name: title, line, failure } of tests)
      test(title, () => assert.equal(failure, undefined, `${name}:${line}: ${failure}`))
  })
}
