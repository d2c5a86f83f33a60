// SPDX-License-Identifier: Apache-2.0
/** The settings a session goes by: parts of the configuration. */
import type { Config } from '../config/schema.ts'

export interface SessionSettings {
  readonly managesieve: Config['managesieve']
  readonly sasl: Pick<Config['sasl'], 'mechanisms' | 'plaintextOnLoopback'>
  readonly limits: Pick<Config['limits'], 'badCommands' | 'failedAuth'>
}
