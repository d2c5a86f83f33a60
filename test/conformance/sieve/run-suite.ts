// SPDX-License-Identifier: Apache-2.0
/** Runs one suite; every suite has an engine, services and a state of its own, so order and number do not matter. */
import {
  formatDiagnostic,
  hostOf,
  SieveEngine,
  type SieveExtension,
  SieveMessage,
  STANDARD_EXTENSIONS,
} from '../../../src/sieve/index.ts'
import { suiteExtension } from './suite-extension.ts'
import { SuiteState, type TestOutcome } from './suite-state.ts'

export interface SuiteOutcome {
  readonly tests: readonly TestOutcome[]
  /** Why the suite itself could not be compiled, or ended early. */
  readonly trouble?: string
}

export async function runSuite(
  name: string,
  source: string,
  folder: string,
  extra: readonly SieveExtension[] = [],
): Promise<SuiteOutcome> {
  const state = new SuiteState(folder)
  const engine: SieveEngine = new SieveEngine({
    extensions: [...STANDARD_EXTENSIONS, ...extra, suiteExtension(state, () => engine)],
    limits: { steps: 10_000_000, actions: 1000, listEntries: 1000, tokens: 1_000_000 },
  })
  const compiled = engine.compile(source, { name })
  if (!compiled.ok)
    return { tests: [], trouble: compiled.diagnostics.map((one) => formatDiagnostic(one, source)).join('\n') }
  const run = engine.createRun(compiled.program, {
    message: SieveMessage.parse(Buffer.from('From: sender@example.com\r\nTo: recipient@example.com\r\n\r\n\r\n')),
    envelope: { from: 'sender@example.com', to: 'recipient@example.com' },
    owner: ['recipient@example.com'],
    items: new Map([
      ['domain', 'example.com'],
      ['host', 'mx.example.com'],
      ['remote-ip', '192.0.2.1'],
    ]),
  })
  const result = await run.execute(hostOf(state.services))
  const trouble = result.status === 'ok' ? {} : { trouble: `${name}: ${result.error?.message ?? result.status}` }
  return { tests: state.outcomes, ...trouble }
}
