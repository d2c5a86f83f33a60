// SPDX-License-Identifier: Apache-2.0
/**
 * The program of the ManageSieve process: a long session or a hostile one never shares a loop with mail (design 3).
 * Serves as the server at the other end of its link says; when the link is gone it ends what it is doing and exits.
 */
import { randomBytes } from 'node:crypto'
import { constants, setPriority } from 'node:os'
import type { SecureContext } from 'node:tls'
import { systemClock } from '../clock/clock.ts'
import { filterEngine } from '../config/site-filters.ts'
import { spoolPaths } from '../config/spool-paths.ts'
import { directoryAnswers } from '../directory/host.ts'
import { type SiteDirectories, type SiteDirectory, siteDirectories } from '../directory/site-directories.ts'
import type { HandlersOf } from '../dispatcher/link.ts'
import { linkToDispatcher } from '../dispatcher/worker-process.ts'
import { type ScriptChecker, scriptChecker } from '../managesieve/script-checker.ts'
import { type ManageSieveServer, startManageSieve } from '../managesieve/server.ts'
import { noMetrics } from '../monitor/metrics.ts'
import { createLog } from '../monitor/pino-log.ts'
import { createTlsContext } from '../smtp-server/tls.ts'
import type { FromManageSieve, GateSettings, ToManageSieve } from './managesieve-calls.ts'
import { ORPHAN_STOP_MS } from './orphans.ts'
import { TicketKeys } from './ticket-keys.ts'

/** A revision made ready. */
interface InUse {
  readonly settings: GateSettings
  readonly checker: ScriptChecker
  readonly tls: SecureContext | undefined
}

const parts = new AsyncDisposableStack()
const log = parts.use(createLog({ level: 'info' }))
const tickets = parts.use(
  new TicketKeys(systemClock, () => {
    if (inUse !== undefined) inUse = madeReady(inUse.settings)
  }),
)
let inUse: InUse | undefined
let server: ManageSieveServer | undefined
let directories: SiteDirectories | undefined

const handlers: HandlersOf<ToManageSieve> = {
  ping: () => null,
  async start({ settings, ports }) {
    const file = spoolPaths(settings.server.spool).directory
    directories = parts.use(siteDirectories({ file, log, metrics: noMetrics }))
    use(settings)
    server = await startManageSieve({
      listeners: settings.managesieve.listeners,
      descriptors: new Map(Object.entries(ports)),
      settings: () => current().settings,
      checker: () => current().checker,
      tlsContext: () => current().tls,
      signIn: {
        'directory.password': (question) => directoryAnswers(kept())['directory.password'](question),
        'directory.scram': (question) => directoryAnswers(kept())['directory.scram'](question),
        random: ({ octets }) => randomBytes(octets).toString('hex'),
      },
      rules: {
        rules: (user) => kept().ruleStore.rules(user),
        replace: (user, values, state) => kept().ruleStore.replace(user, values, state),
      },
      log: log.child({ process: 'managesieve' }),
      clock: systemClock,
    })
    return null
  },
  use(settings) {
    use(settings)
    return null
  },
  async stop({ deadlineMs }) {
    await server?.stop(deadlineMs)
    return null
  },
}

const link = linkToDispatcher<ToManageSieve, FromManageSieve>(handlers, (err) => log.error('managesieve.link', { err }))

// A signal to the terminal's group reaches the server too, and that decides.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {})
// Mail goes first.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL)

await link.closed
await server?.stop(ORPHAN_STOP_MS)
await parts.disposeAsync()
process.exit(0)

function use(settings: GateSettings): void {
  inUse = madeReady(settings)
  log.setLevel(settings.log)
}

/** Where users and their rules are. */
function kept(): SiteDirectory {
  if (directories === undefined) throw new Error('this process serves nothing yet')
  return directories.of(current().settings.ldap)
}

function current(): InUse {
  if (inUse === undefined) throw new Error('this process serves nothing yet')
  return inUse
}

function madeReady(settings: GateSettings): InUse {
  const { tls, filters } = settings
  return {
    settings,
    checker: scriptChecker(filterEngine(filters)),
    tls:
      tls === undefined
        ? undefined
        : createTlsContext({
            certificate: Buffer.from(tls.certificate),
            key: Buffer.from(tls.key),
            minVersion: tls.minVersion,
            ticketKeys: tickets.current(),
          }),
  }
}
