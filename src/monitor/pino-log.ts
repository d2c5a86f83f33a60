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
/** A line waits for its neighbours so long, or until they are so much. */
const GATHER_MS = 50
const GATHER_BYTES = 3072
/** So much a pipe takes in one piece (POSIX: PIPE_BUF), and lines of processes that write to the same one stay whole. */
const MAX_WRITE_BYTES = 4096

export interface PinoLog extends Log, AsyncDisposable {
  /** Holds for all children too. */
  setLevel(level: Level): void
}

/** @param options.destination a file, or a file descriptor; standard error by default */
export function createLog(options: { readonly level: Level; readonly destination?: string | number }): PinoLog {
  const target = openDestination({
    dest: options.destination ?? 2,
    sync: false,
    maxLength: MAX_WAITING_BYTES,
    minLength: GATHER_BYTES,
    maxWrite: MAX_WRITE_BYTES,
  })
  // Without a listener a closed pipe would end the process.
  target.on('error', () => {})
  // A file is opened meanwhile, and what is flushed before that goes nowhere.
  const opened =
    typeof options.destination === 'string'
      ? new Promise<void>((resolve) => {
          target.once('ready', resolve)
          target.once('error', () => resolve())
        })
      : undefined
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
    target,
  )
  let least = SEVERITY[options.level]
  let timer: NodeJS.Timeout | undefined
  const pass = (): void => {
    clearTimeout(timer)
    timer = undefined
    target.flush()
  }
  const flush = (): void => {
    try {
      target.flushSync()
    } catch {
      // Not open yet, or nobody reads any more: there is no place left to say so.
    }
  }
  process.once('exit', flush)

  const at =
    (logger: Writer, name: Level) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (SEVERITY[name] < least) return
      logger[name](bounded(fields), event)
      if (SEVERITY[name] >= SEVERITY.warn) pass()
      else timer ??= setTimeout(pass, GATHER_MS)
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
    async [Symbol.asyncDispose]() {
      process.off('exit', flush)
      clearTimeout(timer)
      await opened
      const { promise, resolve } = Promise.withResolvers<void>()
      target.flush(() => resolve())
      await promise
      if (typeof options.destination === 'string') target.end()
    },
  }
}

type Writer = Pick<ReturnType<typeof pino>, Level | 'child'>

const level = (label: string): { level: string } => ({ level: label })
