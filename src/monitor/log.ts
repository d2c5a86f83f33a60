// SPDX-License-Identifier: Apache-2.0
/** Logs are fields: a stable event name, then what is known. Credentials and message content never come here. */

export interface Log {
  /** A log whose events all carry these fields. */
  child(fields: Readonly<Record<string, unknown>>): Log
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void
  info(event: string, fields?: Readonly<Record<string, unknown>>): void
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void
  error(event: string, fields?: Readonly<Record<string, unknown>>): void
}

/** For tests and tools that have nothing to say. */
export const silentLog: Log = {
  child: () => silentLog,
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}
