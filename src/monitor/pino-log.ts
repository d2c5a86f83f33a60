// SPDX-License-Identifier: Apache-2.0
/** Logs as JSON lines through pino, written straight from this process so that a crash loses none. */
import { destination as openDestination, pino } from 'pino'
import type { Log } from './log.ts'

/** What a stranger chose never fills a log. */
const MAX_TEXT = 500

type Level = 'debug' | 'info' | 'warn' | 'error'

/** @param file where to; standard error by default */
export function createLog(options: {
  readonly level: Level
  readonly file?: string
}): Log & { setLevel(level: Level): void } {
  const target = openDestination({ dest: options.file ?? 2, sync: true })
  const root = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: pino.stdSerializers.err },
    },
    target,
  )
  return { ...wrap(root), setLevel: (level) => (root.level = level) }
}

type Pino = Pick<ReturnType<typeof pino>, Level | 'child'>

const wrap = (logger: Pino): Log => ({
  child: (fields) => wrap(logger.child(bounded(fields))),
  debug: (event, fields) => logger.debug(bounded(fields), event),
  info: (event, fields) => logger.info(bounded(fields), event),
  warn: (event, fields) => logger.warn(bounded(fields), event),
  error: (event, fields) => logger.error(bounded(fields), event),
})

function bounded(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (/password|secret|verifier|token/i.test(name)) return [name, '[not logged]']
      return [name, typeof value === 'string' ? value.slice(0, MAX_TEXT) : value]
    }),
  )
}
