// SPDX-License-Identifier: Apache-2.0
/** All attacks there are. */
import type { Attack } from './attack.ts'
import { CHUNKS } from './attacks/chunks.ts'
import { COMMANDS } from './attacks/commands.ts'
import { CONNECTIONS } from './attacks/connections.ts'
import { DISK } from './attacks/disk.ts'
import { ENDLESS_CONTENT } from './attacks/endless-content.ts'
import { LARGE_MESSAGES } from './attacks/large-messages.ts'
import { LINES } from './attacks/lines.ts'
import { NAMES } from './attacks/names.ts'
import { PARAMETERS } from './attacks/parameters.ts'
import { RECIPIENTS } from './attacks/recipients.ts'
import { SIGN_IN } from './attacks/sign-in.ts'
import { SLOW_CLIENTS } from './attacks/slow-clients.ts'
import { TLS } from './attacks/tls.ts'

export const CATALOGUE: readonly Attack[] = [
  ...LINES,
  ...ENDLESS_CONTENT,
  ...PARAMETERS,
  ...CHUNKS,
  ...RECIPIENTS,
  ...COMMANDS,
  ...CONNECTIONS,
  ...SLOW_CLIENTS,
  ...TLS,
  ...SIGN_IN,
  ...LARGE_MESSAGES,
  ...NAMES,
  ...DISK,
]
