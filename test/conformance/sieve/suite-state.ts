// SPDX-License-Identifier: Apache-2.0
/** What one suite has done so far: its tests, the message at hand, services, scripts and the errors of the last one. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Diagnostic,
  type LogEntry,
  type MockServices,
  mockServices,
  type RunContext,
  SieveMessage,
  type SieveProgram,
  type SieveRunResult,
} from '../../../src/sieve/index.ts'

/** Tuesday, 24 November 2026, 12:00 UTC. */
export const NOW = Date.UTC(2026, 10, 24, 12)

export interface TestOutcome {
  readonly name: string
  readonly line: number
  readonly failure?: string
}

/** Ends the block of a test from the inside. */
export class TestFailed {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}

export class SuiteState {
  readonly folder: string
  readonly services: MockServices = mockServices(() => NOW)
  readonly outcomes: TestOutcome[] = []
  readonly scripts = new Map<string, string>()
  readonly saved = new Map<string, string>()
  /** The script compiled last: kept when the next one has mistakes. */
  program: SieveProgram | undefined
  result: SieveRunResult | undefined
  errors: readonly (Diagnostic | LogEntry)[] = []
  config = new Map<string, string>()

  constructor(folder: string) {
    this.folder = folder
  }

  read(name: string): string | undefined {
    const known = this.scripts.get(name)
    if (known !== undefined) return known
    if (name.includes('..') || name.startsWith('/')) return undefined
    try {
      return readFileSync(join(this.folder, name), 'utf8')
    } catch {
      return undefined
    }
  }
}

/** Puts a message in place; its envelope is derived from it again. */
export function setMessage(ctx: RunContext, content: Uint8Array): void {
  const message = SieveMessage.parse(content)
  ctx.replaceMessage(message)
  const address = (name: string): string | undefined =>
    /[^\s<>"]+@[^\s<>"]+/.exec(message.fieldsNamed(name)[0]?.value ?? '')?.[0]
  ctx.setEnvelope({
    from: address('return-path') ?? address('from') ?? 'sender@example.com',
    to: address('delivered-to') ?? address('to') ?? 'recipient@example.com',
  })
}
