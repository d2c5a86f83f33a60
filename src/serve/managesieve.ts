// SPDX-License-Identifier: Apache-2.0
/**
 * ManageSieve in a process of its own: starts it, replaces one that ends or hangs, and passes on what a reload brings.
 * The ports are bound before, by who may (bind-ports.ts), and stay bound while it is replaced.
 */
import { fileURLToPath } from 'node:url'
import type { Clock } from '../clock/clock.ts'
import type { LoadedRevision } from '../config/where.ts'
import { ldapSettingsOf } from '../directory/site-directories.ts'
import { OrphanGuard } from '../dispatcher/orphan-guard.ts'
import type { Ports } from '../dispatcher/ports.ts'
import { Supervisor } from '../dispatcher/supervisor.ts'
import { FIRST_PORT_FD, startProcess } from '../dispatcher/worker-process.ts'
import type { Log } from '../monitor/log.ts'
import type { Metrics } from '../monitor/metrics.ts'
import type { FromManageSieve, GateSettings, ManageSieveProcess, ToManageSieve } from './managesieve-calls.ts'
import { ORPHAN_END_MS } from './orphans.ts'

export interface ManageSieveGate extends AsyncDisposable {
  /** Where it listens, by the name of the listener. */
  readonly addresses: Readonly<Record<string, { readonly address: string; readonly port: number }>>
  /** For sessions that begin from now on. */
  use(next: LoadedRevision): Promise<void>
  check(): { readonly name: string; readonly ok: boolean; readonly detail: string }
  /** Ends sessions when their command has ended, within the deadline. */
  stop(deadlineMs: number): Promise<void>
}

/** Beyond the deadline, for the process to be gone. */
const END_MS = 2000
/** Published, the sources are JavaScript. */
const PROGRAM = fileURLToPath(new URL(`./managesieve-process${import.meta.url.slice(-3)}`, import.meta.url))

/** @param ports bound; closed when this is stopped. @throws when it does not start */
export async function startManageSieveProcess(
  first: LoadedRevision,
  ports: Ports,
  { clock, log, metrics }: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics },
): Promise<ManageSieveGate> {
  await using parts = new AsyncDisposableStack()
  const own = log.child({ process: 'managesieve' })
  const guard = parts.use(new OrphanGuard({ clock, log: own, patienceMs: ORPHAN_END_MS }))
  let settings = settingsOf(first)
  const supervisor = new Supervisor<ManageSieveProcess>({
    count: 1,
    clock,
    log: own,
    hungAfterMs: first.config.server.hungAfter,
    spawn() {
      const started = startProcess<FromManageSieve, ToManageSieve>({
        program: PROGRAM,
        args: [],
        ports: ports.bound.map(({ fd }) => fd),
        handlers: {},
        failed: (err) => own.error('managesieve.link', { err }),
      })
      guard.watch(started.pid)
      return started
    },
    async prepare({ link }) {
      const begunWith = settings
      const descriptors = Object.fromEntries(ports.bound.map(({ name }, i) => [name, FIRST_PORT_FD + i]))
      await link.call('start', { settings: begunWith, ports: descriptors })
      // What a reload brought while it started.
      if (settings !== begunWith) await link.call('use', settings)
    },
    gone: (_, { pid }) => guard.forget(pid),
  })
  const serving = (): ManageSieveProcess | undefined => supervisor.serving()[0]?.worker
  metrics.gauge('postern_managesieve_serving', 'Whether the ManageSieve process serves', () =>
    serving() === undefined ? 0 : 1,
  )
  const end = async (deadlineMs: number): Promise<void> => {
    // Else the system would go on taking connections that nobody accepts any more.
    ports[Symbol.dispose]()
    await supervisor.stop(deadlineMs + END_MS, ({ link }) => {
      link
        .call('stop', { deadlineMs })
        .catch((err: unknown) => own.warn('managesieve.not-stopped', { err }))
        .finally(() => link.close())
    })
  }
  parts.defer(() => end(0))
  await supervisor.start()
  const kept = parts.move()
  return {
    addresses: Object.fromEntries(ports.bound.map(({ name, address, port }) => [name, { address, port }])),
    async use(next) {
      settings = settingsOf(next)
      await serving()?.link.call('use', settings)
    },
    check() {
      const [status] = supervisor.status()
      return { name: 'managesieve', ok: status?.state === 'serving', detail: status?.state ?? 'absent' }
    },
    stop: end,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

function settingsOf({ config, files }: LoadedRevision): GateSettings {
  const { managesieve, sasl, filters, tls, server, limits, monitor } = config
  const text = (path: string): string => files.get(path)?.bytes.toString('latin1') ?? ''
  const ldap = ldapSettingsOf(config, (path) => files.get(path)?.bytes ?? Buffer.alloc(0))
  return {
    managesieve,
    sasl,
    filters,
    ...(ldap === undefined ? {} : { ldap }),
    server: { spool: server.spool },
    limits: { badCommands: limits.badCommands, failedAuth: limits.failedAuth },
    log: monitor.log,
    ...(tls === undefined
      ? {}
      : { tls: { certificate: text(tls.certificate), key: text(tls.key), minVersion: tls.minVersion } }),
  }
}
