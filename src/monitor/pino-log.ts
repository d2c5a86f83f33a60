// SPDX-License-Identifier: Apache-2.0
/**
 * Logs as JSON lines through pino. A slow reader of the log does not hold mail up: what it does not take waits in
 * memory, up to a limit. Lines are gathered for a moment, for to write each by itself costs more than to make it; warnings
 * and errors, with all that stands before them, go at once. What is waiting is written when the process ends or the log is
 * closed; a process that is killed takes the last moment's lines with it.
 */
import { destination as openDestination, pino } from 'pino'
import { bounded } from './bounded.ts'
import type { Log } from './log.ts'

export type Level = 'debug' | 'info' | 'warn' | 'error'
const SEVERITY: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/** Octets that wait for a reader; lines beyond are dropped. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024
/** A line waits so long for its neighbours, or until they fill a write. */
const GATHER_MS = 50
/** So much a pipe takes in one piece (POSIX: PIPE_BUF), and lines of processes that write to the same one stay whole. */
const MAX_WRITE_BYTES = 4096

export interface PinoLog extends Log, AsyncDisposable {
  /** Holds for all children too. */
  setLevel(level: Level): void
}

/** @param options.destination a file, or a file descriptor; standard error by default */
export function createLog(options: { readonly level: Level; readonly destination?: string | number }): PinoLog {
  const lines = openLines(options.destination ?? 2)
  const root = pino(
    {
      level: 'debug',
      base: null,
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level },
      // Errors are fields by the time pino sees them.
      serializers: { err: (err: unknown) => err },
    },
    lines,
  )
  let least = SEVERITY[options.level]

  const at =
    (logger: Writer, name: Level) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (SEVERITY[name] < least) return
      logger[name](bounded(fields), event)
      if (SEVERITY[name] >= SEVERITY.warn) lines.pass()
    }
  const wrap = (logger: Writer): Log => ({
    child: (fields) => wrap(logger.child(bounded(fields))),
    debug: at(logger, 'debug'),
    info: at(logger, 'info'),
    warn: at(logger, 'warn'),
    error: at(logger, 'error'),
  })
  return {
    ...wrap(root),
    setLevel(name) {
      least = SEVERITY[name]
    },
    [Symbol.asyncDispose]: () => lines[Symbol.asyncDispose](),
  }
}

type Writer = Pick<ReturnType<typeof pino>, Level | 'child'>

const level = (label: string): { level: string } => ({ level: label })

interface Lines extends AsyncDisposable {
  write(line: string): void
  /** Hands over what is gathered. */
  pass(): void
}

/** Gathered here: what pino's destination gathers by itself waits for a later line when it comes during a write. */
function openLines(where: string | number): Lines {
  const isFile = typeof where === 'string'
  const target = openDestination({
    dest: where,
    sync: false,
    maxLength: MAX_WAITING_BYTES,
    maxWrite: MAX_WRITE_BYTES,
  })
  // Without a listener a closed pipe would end the process.
  target.on('error', () => {})
  // A file is opened meanwhile, and what is flushed before that goes nowhere.
  const opened = isFile
    ? new Promise<void>((resolve) => {
        target.once('ready', resolve)
        target.once('error', () => resolve())
      })
    : undefined
  let gathered = ''
  let gatheredBytes = 0
  let timer: NodeJS.Timeout | undefined

  const pass = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (gathered === '') return
    const text = gathered
    gathered = ''
    gatheredBytes = 0
    target.write(text)
  }
  const flush = (): void => {
    try {
      pass()
      target.flushSync()
    } catch {
      // Not open yet, or nobody reads any more: there is no place left to say so.
    }
  }
  process.once('exit', flush)

  return {
    write(line) {
      const bytes = Buffer.byteLength(line)
      if (gatheredBytes + bytes > MAX_WRITE_BYTES) pass()
      gathered += line
      gatheredBytes += bytes
      timer ??= setTimeout(pass, GATHER_MS)
    },
    pass,
    async [Symbol.asyncDispose]() {
      process.off('exit', flush)
      pass()
      await opened
      const { promise, resolve } = Promise.withResolvers<void>()
      target.flush(() => resolve())
      await promise
      if (isFile) target.end()
    },
  }
}
