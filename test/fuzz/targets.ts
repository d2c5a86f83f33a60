// SPDX-License-Identifier: Apache-2.0
/** Every target, in the order in which they are run. */
import type { Target } from './target.ts'
import { addresses } from './targets/addresses.ts'
import { aliases } from './targets/aliases.ts'
import { commands } from './targets/commands.ts'
import { configuration } from './targets/configuration.ts'
import { contents } from './targets/contents.ts'
import { control } from './targets/control.ts'
import { dns } from './targets/dns.ts'
import { filterRules, filterTemplates } from './targets/filters.ts'
import { headers } from './targets/headers.ts'
import { notices } from './targets/notices.ts'
import { queueLog } from './targets/queue-log.ts'
import { replies } from './targets/replies.ts'
import { sessions } from './targets/sessions.ts'
import { sieveRuns, sieveScripts } from './targets/sieve.ts'
import { traces } from './targets/traces.ts'

export const TARGETS: readonly Target[] = [
  commands,
  addresses,
  headers,
  contents,
  notices,
  replies,
  aliases,
  configuration,
  dns,
  control,
  traces,
  queueLog,
  sieveScripts,
  sieveRuns,
  filterRules,
  filterTemplates,
  sessions,
]
