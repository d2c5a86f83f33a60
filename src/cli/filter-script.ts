// SPDX-License-Identifier: Apache-2.0
/** `postern filter check`, `run` and `trace`: scripts of files. Nothing is sent, kept or asked of anybody. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Action,
  type Diagnostic,
  formatDiagnostic,
  hostOf,
  isAction,
  mockServices,
  type SieveEnvelope,
  SieveMessage,
  type SieveRunResult,
  type TraceStep,
} from '../sieve/index.ts'
import type { Cli } from './cli.ts'
import { UsageError } from './exit.ts'
import {
  languageOf,
  MAX_MESSAGE,
  readInput,
  readScript,
  requireLevel,
  shownName,
  siteFilters,
  siteLanguage,
} from './filter-engine.ts'
import { clean } from './output.ts'

export interface RunOptions {
  readonly from?: string
  readonly to?: string
  readonly owner?: readonly string[]
  readonly mailbox?: readonly string[]
  readonly include?: string
  readonly spam?: string
  readonly now?: string
  readonly level: string
}

export async function checkScripts(cli: Cli, files: readonly string[], levelText: string): Promise<void> {
  const { engine, ...how } = await siteLanguage(cli, requireLevel(levelText))
  const told: object[] = []
  for (const file of files) {
    const source = await readScript(cli, file)
    const { ok, diagnostics } = engine.compile(source, { name: shownName(file), ...how })
    if (!ok) cli.finding()
    if (cli.json) told.push({ script: shownName(file), ok, diagnostics: diagnostics.map(diagnosticJson) })
    else {
      complainAbout(cli, diagnostics, source)
      if (ok) cli.print(`${clean(shownName(file))}: fine`)
    }
  }
  if (cli.json) cli.printJson(told)
}

export function complainAbout(cli: Cli, diagnostics: readonly Diagnostic[], source: string): void {
  for (const diagnostic of diagnostics) cli.complain(cleanLines(formatDiagnostic(diagnostic, source)))
}

const cleanLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => clean(line.replaceAll('\t', '  '), 1000))
    .join('\n')

const diagnosticJson = ({ severity, code, message, line, column, endLine, endColumn }: Diagnostic) => {
  return { severity, code, message, line, column, endLine, endColumn }
}

/** What a run came to, as `--json` prints it. */
interface RunJson {
  readonly actions: readonly Readonly<Record<string, unknown>>[]
  readonly implicitKeep: boolean
  readonly errors: readonly { readonly code: string; readonly message: string; readonly line: number }[]
  /** Only where there are some: of the implicit keep. */
  readonly flags?: readonly string[]
}

export async function runScript(
  cli: Cli,
  script: string,
  message: string,
  options: RunOptions,
  { trace }: { readonly trace: boolean },
): Promise<void> {
  if (script === '-' && message === '-') throw new UsageError('only one of the two can be standard input')
  const site = await siteFilters(cli)
  const { engine, ...how } = languageOf(site, requireLevel(options.level))
  const source = await readScript(cli, script)
  const given = readGiven(options)
  for (const [name, text] of site.global ?? []) given.services.includes.global.set(name, text)
  // What a mapping table takes is asked while mail is served: here such a list is not there.
  for (const [name, list] of site.lists ?? [])
    if (list.kind === 'file') given.services.lists.lists.set(name, list.members)
  for (const [name, text] of await readIncludes(cli, options.include)) {
    given.services.includes.personal.set(name, text)
    given.services.includes.global.set(name, text)
  }
  const content = asOnTheWire(await readInput(cli, message, MAX_MESSAGE))
  const { program, diagnostics } = engine.compile(source, { name: shownName(script), ...how })
  const steps: TraceStep[] = []
  if (!cli.json) complainAbout(cli, diagnostics, source)
  if (program === undefined) {
    cli.finding()
    // RFC 5228 §2.10.6: a script that is wrong keeps the message.
    const errors = diagnostics.filter(({ severity }) => severity === 'error').map(diagnosticJson)
    print(
      cli,
      { name: shownName(script), source },
      { actions: [], implicitKeep: true, errors },
      trace ? steps : undefined,
    )
    return
  }
  const { envelope, owner, now, services } = given
  const run = engine.createRun(program, {
    message: SieveMessage.parse(content),
    envelope,
    owner,
    clock: () => now,
    limits: how.limits,
    ...(trace ? { trace: (step: TraceStep) => void steps.push(step) } : {}),
  })
  const result = await run.execute(hostOf(services))
  const told = resultJson(result)
  if (told.errors.length > 0) cli.finding()
  if (!cli.json)
    for (const { line, message } of told.errors)
      cli.complain(`${shownName(script)}:${line}: error: ${clean(message, 1000)}; the message is kept`)
  print(cli, { name: shownName(script), source }, told, trace ? steps : undefined)
}

function readGiven(options: RunOptions) {
  const from = options.from === undefined ? undefined : bare(options.from)
  const to = options.to === undefined ? undefined : bare(options.to)
  const now = options.now === undefined ? Date.now() : Date.parse(options.now)
  if (Number.isNaN(now)) throw new UsageError(`"${options.now}" is no time; write one as 2026-12-24T18:00:00Z`)
  const services = mockServices(() => now)
  for (const mailbox of options.mailbox ?? []) services.store.folders.set(mailbox, [])
  if (options.spam !== undefined) {
    if (!/^(?:[0-9]|10)$/.test(options.spam)) throw new UsageError(`"${options.spam}" is no number from 0 to 10`)
    services.scores.known.set('spam', { score: Number(options.spam) })
  }
  const envelope: SieveEnvelope = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  return { envelope, owner: options.owner?.map(bare) ?? (to === undefined ? [] : [to]), now, services }
}

/** RFC 6609: what `include` finds, by name; the tool makes no difference between personal and global. */
async function readIncludes(cli: Cli, folder: string | undefined): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  if (folder === undefined) return found
  const names = await readdir(folder).catch(() => {
    throw new UsageError(`${folder} is no folder that can be read`)
  })
  for (const name of names.filter((each) => each.endsWith('.sieve')))
    found.set(name.slice(0, -'.sieve'.length), await readScript(cli, join(folder, name)))
  return found
}

const bare = (address: string): string => /^<(.*)>$/s.exec(address.trim())?.[1] ?? address.trim()

/** A file of a Unix system has LF where the wire has CRLF. Octets in, octets out: latin1 has a character for each. */
const asOnTheWire = (content: Buffer): Buffer =>
  content.includes('\r') ? content : Buffer.from(content.toString('latin1').replaceAll('\n', '\r\n'), 'latin1')

function resultJson({ status, error, cause, actions, implicitKeep, flags }: SieveRunResult): RunJson {
  const errors = error === undefined ? [] : [{ code: error.code, message: error.message, line: error.line }]
  if (status === 'deferred') errors.push({ code: 'deferred', message: cause ?? 'try again later', line: 0 })
  // After an error nothing of what was gathered is carried out (RFC 5228 §2.10.6).
  const carriedOut = errors.length > 0 ? [] : actions.filter(({ earlier }) => !earlier)
  return {
    actions: carriedOut.map(actionJson),
    implicitKeep,
    errors,
    ...(implicitKeep && flags.length > 0 ? { flags } : {}),
  }
}

function actionJson(action: Action): Readonly<Record<string, unknown>> {
  const { kind, line } = action
  if (isAction(action, 'fileinto')) {
    const { mailbox, flags = [], copy, create, ...more } = action.args
    return { action: kind, mailbox, flags, copy, line, ...(create ? { create } : {}), ...more }
  }
  if (isAction(action, 'keep')) return { action: kind, flags: action.args.flags ?? [], line }
  return { action: kind, ...action.args, line }
}

/** Errors have been said by now, with their lines. */
function print(
  cli: Cli,
  { name, source }: { readonly name: string; readonly source: string },
  told: RunJson,
  steps: readonly TraceStep[] | undefined,
): void {
  if (cli.json) {
    cli.printJson(steps === undefined ? told : { steps: steps.map(stepJson), ...told })
    return
  }
  const lines = source.split(/\r?\n/)
  // What an action came to stands at the end.
  for (const step of steps?.filter((each) => each.step !== 'action') ?? []) {
    // The text of an included script is not at hand.
    const own = step.script === name
    cli.print(`${own ? '' : `${clean(step.script)} `}${stepText(step, own ? lines : [])}`)
  }
  if (steps !== undefined && steps.length > 0) cli.print('')
  for (const action of told.actions) cli.print(actionText(action))
  if (told.implicitKeep) cli.print(`keep (implicit)${flagsText(told.flags ?? [])}`)
  else if (told.actions.length === 0) cli.print('nothing')
}

const stepJson = ({ step, name, line, column, script, result, compared, keys, text }: TraceStep) => {
  return { step, name, line, column, script, result, compared, keys, text }
}

/** `   3  header  yes  "Soup on Friday" has "soup"`; commands show their line of the script. */
function stepText({ step, name, line, result, compared, keys, text }: TraceStep, lines: readonly string[]): string {
  const at = String(line).padStart(4)
  if (step !== 'test') return `${at}  ${clean((text ?? lines[line - 1] ?? name).trim(), 100)}`
  const matched = compared?.find(({ key }) => key !== undefined)
  const looked = compared?.map(({ value }) => JSON.stringify(clean(value, 60))) ?? []
  const wanted = keys?.map((key) => JSON.stringify(clean(key, 40))).join(', ')
  const detail =
    matched !== undefined
      ? `${JSON.stringify(clean(matched.value, 80))} fits ${JSON.stringify(clean(matched.key ?? '', 60))}`
      : wanted === undefined
        ? ''
        : `${looked.length === 0 ? 'nothing there' : looked.slice(0, 4).join(', ')} for ${wanted}`
  return `${at}    ${name.padEnd(12)} ${(result === true ? 'yes' : 'no').padEnd(4)} ${detail}`.trimEnd()
}

const flagsText = (flags: readonly string[]): string => (flags.length === 0 ? '' : ` with ${flags.join(' ')}`)

/** For people: without the key that a vacation is remembered by. */
function actionText({ action, line, handle, ...args }: Readonly<Record<string, unknown>>): string {
  const said = Object.entries(args)
    .filter(([, value]) => value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${name} ${clean(JSON.stringify(value), 100)}`)
  return `${String(action).padEnd(10)} line ${String(line).padEnd(4)} ${said.join(', ')}`.trimEnd()
}
