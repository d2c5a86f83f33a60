// SPDX-License-Identifier: Apache-2.0
/**
 * Limits raised as far as a site may raise them, where what is tried is what lies behind them. One value for all such
 * attacks, so that their short forms share a server.
 */
import type { Settings } from './server.ts'

const NEVER = 10_000_000

export const raised = (): Settings => ({
  limits: {
    commandLine: 65_536,
    badCommands: NEVER,
    emptyCommands: NEVER,
    transactions: NEVER,
    recipients: 100_000,
    refusedRecipients: NEVER,
    expansion: 100_000,
  },
})

/** Timeouts that an attack can wait for. */
export const impatient = (full: boolean): Settings => {
  const time = full ? '60s' : '4s'
  return { limits: { connections: 20_000, emptyCommands: NEVER, commandTimeout: time, dataTimeout: time } }
}
