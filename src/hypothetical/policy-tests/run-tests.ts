// SPDX-License-Identifier: Apache-2.0
/** Runs policy tests against a revision: each session through the engine of the server, on its own copy of the world. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LoadedRevision } from '../../config/where.ts'
import type { Decision } from '../../history/decided-by.ts'
import { decidedBy } from '../../history/history.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { openSite } from '../open-site.ts'
import { runScenario } from '../run-scenario.ts'
import { BadScenario } from '../scenario.ts'
import { type PolicyTest, readTestFile, type TestProblem } from './test-file.ts'

export interface Difference {
  readonly what: string
  readonly expected: string
  readonly was: string
}

export interface TestResult {
  readonly test: PolicyTest
  /** Empty: it is as expected. */
  readonly differences: readonly Difference[]
  readonly hypothesis?: Hypothesis
}

export interface TestRun {
  readonly results: readonly TestResult[]
  /** Files that cannot be read as tests: as bad as a test that fails. */
  readonly problems: readonly TestProblem[]
  readonly fine: boolean
}

export const TESTS_FOLDER = 'tests'

/** Every `.yaml` below `tests/` of the revision's directory. None: fine. */
export async function runPolicyTests(revision: LoadedRevision): Promise<TestRun> {
  const files = await testFiles(join(revision.directory, TESTS_FOLDER))
  const read = await Promise.all(
    files.map(async (name) =>
      readTestFile(`${TESTS_FOLDER}/${name}`, await readFile(join(revision.directory, TESTS_FOLDER, name), 'utf8')),
    ),
  )
  const problems = read.flatMap((file) => file.problems)
  const results: TestResult[] = []
  for (const test of read.flatMap((file) => file.tests)) results.push(await runOne(test, revision))
  const fine = problems.length === 0 && results.every(({ differences }) => differences.length === 0)
  return { results, problems, fine }
}

async function testFiles(folder: string): Promise<readonly string[]> {
  try {
    const names = await readdir(folder, { recursive: true })
    return names.filter((name) => /\.ya?ml$/.test(name)).sort()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

async function runOne(test: PolicyTest, revision: LoadedRevision): Promise<TestResult> {
  await using site = openSite(revision, { resolver: test.dns })
  try {
    const hypothesis = await runScenario(test.scenario, site)
    return { test, hypothesis, differences: differencesOf(test, hypothesis) }
  } catch (error) {
    if (!(error instanceof BadScenario)) throw error
    return { test, differences: [{ what: 'session', expected: 'one that can be had', was: error.message }] }
  }
}

function differencesOf({ expect, scenario }: PolicyTest, hypothesis: Hypothesis): readonly Difference[] {
  const { verdict, recipients, traces, exchanges } = hypothesis
  const found: Difference[] = []
  const differ = (what: string, expected: string | undefined, was: string, same: boolean): void => {
    if (expected !== undefined && !same) found.push({ what, expected, was })
  }
  differ('verdict', expect.verdict, verdict, verdict === expect.verdict)
  for (const [address, wanted] of Object.entries(expect.recipients ?? {})) {
    const was = recipients.find(({ to }) => to === address)?.verdict ?? 'not a recipient'
    differ(`verdict of ${address}`, wanted, was, was === wanted)
  }
  for (const [address, wanted] of Object.entries(expect.filters ?? {})) {
    const one = recipients.find(({ to }) => to === address)
    const was =
      one === undefined ? 'not a recipient' : (one.becomes ?? []).map(({ filtered = 'inbox' }) => filtered).join(' | ')
    differ(`filters of ${address}`, wanted, was, isSame(was, wanted))
  }
  const replies =
    recipients.length > 0
      ? recipients.map(({ reply = '' }) => reply)
      : [exchanges.findLast(({ step }) => step !== 'quit')?.replies.at(-1) ?? '']
  const { reply: begins } = expect
  if (begins !== undefined)
    differ(
      'reply',
      begins,
      replies.join(' and '),
      replies.every((reply) => reply.startsWith(begins)),
    )
  const source = traces.at(-1)?.source ?? ''
  differ('source', expect.source, source, source === expect.source)
  const { by } = expect
  if (by !== undefined) {
    // Each recipient that came to the verdict has to be decided by it; without recipients, the session.
    const decisions = scenario.to.length === 0 ? [decidedBy(traces)] : scenario.to.map((to) => decidedBy(traces, to))
    const other = decisions.find(
      (decision) => decision === undefined || !names(decision).some((name) => isSame(name, by)),
    )
    differ(
      'decided by',
      by,
      other === undefined ? 'nothing' : (names(other)[0] ?? ''),
      decisions.every((each) => each !== undefined && names(each).some((name) => isSame(name, by))),
    )
  }
  return found
}

/** How what decided may be called, the clearest first. */
function names({ stage, by }: Decision): readonly string[] {
  switch (by.by) {
    case 'table': {
      if (by.at === undefined) return [by.table, stage]
      const { file, line, text } = by.at
      return [`${file}:${line}`, by.table, stage, text, ...(by.row === undefined ? [] : [by.row])]
    }
    case 'config':
      return [by.setting, stage, `${by.at.file}:${by.at.line}`]
    case 'default':
      return [by.setting, stage]
    case 'directory':
      return [by.entry, stage, ...(by.at === undefined ? [] : [`${by.at.file}:${by.at.line}`])]
    case 'protocol':
      return [by.rule, stage]
    case 'built-in':
      return [by.rule, stage, ...(by.at === undefined ? [] : [`${by.at.file}:${by.at.line}`])]
    case 'filter': {
      const { level, script, line, text } = by
      const at = line === undefined ? [] : [`${script}:${line}`]
      return [...at, script, `${level} filter`, stage, ...(text === undefined ? [] : [text])]
    }
    case 'remote':
    case 'operator':
      return [stage]
    default:
      return by satisfies never
  }
}

const plain = (text: string): string => text.trim().replace(/\s+/g, ' ').toLowerCase()
const isSame = (a: string, b: string): boolean => plain(a) === plain(b)
