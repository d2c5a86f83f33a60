// SPDX-License-Identifier: Apache-2.0
/**
 * The program of one worker: serves mail as the dispatcher at the other end of its link says. When the link is gone it
 * ends what it is doing and exits, so that no worker outlives its dispatcher with a port or a shard (design 2.4).
 */
import { systemClock } from '../clock/clock.ts'
import { spoolPaths } from '../config/spool-paths.ts'
import { ControlError } from '../control/protocol.ts'
import type { QueueMethod } from '../control/queue-handlers.ts'
import type { Report } from '../control/report.ts'
import type { HandlersOf, Link } from '../dispatcher/link.ts'
import { linkToDispatcher } from '../dispatcher/worker-process.ts'
import { createLog, type PinoLog } from '../monitor/pino-log.ts'
import { createMetrics } from '../monitor/prom-metrics.ts'
import { LeasedSlots } from '../queue/schedule/leased-slots.ts'
import type { OpenCounters } from '../state/counters.ts'
import { KeptPlaces } from '../state/kept-places.ts'
import { linkedCounters } from '../state/linked-counters.ts'
import { openSiteCounters } from '../state/open-counters.ts'
import type { Answered, Start, ToDispatcher, ToWorker } from './calls.ts'
import { type Mail, startMail } from './mail.ts'
import { ORPHAN_STOP_MS, SHARD_PATIENCE_MS } from './orphans.ts'
import { loadUsableCopy, type Usable } from './usable.ts'

interface Serving {
  readonly mail: Mail
  readonly places: KeptPlaces
  readonly slots: LeasedSlots
  readonly counters: OpenCounters
}

const log = createLog({ level: 'info' })
const metrics = createMetrics()
let serving: Serving | undefined
let unfollow: (() => void) | undefined
/** One end only: the dispatcher may be gone when it has just asked for it. */
let ended: Promise<Report['ledger']> | undefined
/** Loaded and compiled, by folder; put to use or forgotten by the next. */
let prepared: { readonly folder: string; readonly next: Usable; readonly use: () => void } | undefined

const { signal: never } = new AbortController()

const handlers: HandlersOf<ToWorker> = {
  ping: () => null,
  async start(given) {
    serving = await serve(given)
    follow(given.follow)
    const { mail } = serving
    const known = mail.suspicions()
    mail.learn(given.suspicions)
    return known
  },
  async prepare({ folder }) {
    const next = await loadUsableCopy(folder, mail().revision())
    prepared = { folder, next, use: mail().prepare(next.revision) }
    return null
  },
  use({ folder }) {
    if (prepared?.folder !== folder) throw new Error(`${folder} is not prepared`)
    prepared.use()
    prepared = undefined
    return null
  },
  async adopt({ shard }) {
    await mail().adopt(shard)
    return mail().suspicions()
  },
  learn(suspicions) {
    serving?.mail.learn(suspicions)
  },
  clear(key) {
    serving?.mail.clear(key)
  },
  ticketKeys(keys) {
    serving?.mail.setTicketKeys(Buffer.from(keys, 'base64'))
  },
  report: () => mail().report(),
  metrics: () => metrics.snapshot(),
  control: ({ method, params }) => control(method, params),
  follow,
  recallPlaces: (round) => serving?.places.recall(round) ?? [],
  look({ channel, key }) {
    serving?.slots.look(channel, key)
  },
  yield(lease) {
    serving?.slots.yield(lease)
  },
  async stop({ deadlineMs }) {
    const ledger = await end(deadlineMs)
    // The answer leaves first; the dispatcher closes the link when it has it, and then this process ends (below).
    return ledger
  },
}

const link: Link<ToDispatcher> = linkToDispatcher<ToWorker, ToDispatcher>(handlers, (err) =>
  log.error('worker.link', { err }),
)

// A signal to the terminal's group reaches the dispatcher too, and that decides.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {})

await link.closed
if (serving !== undefined) {
  if (ended === undefined) log.warn('worker.dispatcher-gone')
  await end(ORPHAN_STOP_MS)
}
await exit()

function mail(): Mail {
  if (serving === undefined) throw new Error('this worker serves nothing yet')
  return serving.mail
}

async function serve({ index, folder, shards, ports, ticketKeys }: Start): Promise<Serving> {
  const { revision } = await loadUsableCopy(folder)
  log.setLevel(revision.config.monitor.log)
  const slots = new LeasedSlots(
    {
      claim: (channel, key) => link.call('lease.claim', { channel, key }),
      answered: (lease) => link.notify('lease.answered', lease),
      giveBack: (lease, sign) => link.call('lease.giveBack', { lease, sign }),
      reopen: (channel, key) => link.notify('lease.reopen', { channel, key }),
    },
    systemClock,
  )
  const places = new KeptPlaces(
    {
      claim: (address) => link.call('slot.claim', { address }),
      release: (released) => link.notify('slot.release', released),
      cameAgain: (clients) => link.notify('slot.cameAgain', clients),
    },
    systemClock,
  )
  const { state, server } = revision.config
  const counters = await openSiteCounters({
    state,
    path: spoolPaths(server.spool).counters,
    owner: linkedCounters((request) => link.call('count', request)),
    clock: systemClock,
    log,
  })
  const started = await startMail({
    revision,
    counters,
    name: `w${index}`,
    quiet: index > 0,
    shards,
    shardPatienceMs: SHARD_PATIENCE_MS,
    cleared: (key) => link.notify('cleared', key),
    slots: places,
    destinationSlots: slots,
    descriptors: new Map(Object.entries(ports)),
    ticketKeys: Buffer.from(ticketKeys, 'base64'),
    clock: systemClock,
    log: childLog(log, index),
    metrics,
  })
  slots.onChange((channel, key) => started.look(channel, key))
  return { mail: started, places, slots, counters }
}

/** Lines of this process say which worker it is; the level is that of all. */
function childLog(parent: PinoLog, worker: number): PinoLog {
  const { setLevel, [Symbol.asyncDispose]: close } = parent
  return { ...parent.child({ worker }), setLevel, [Symbol.asyncDispose]: close }
}

async function control(method: QueueMethod, params: unknown): Promise<Answered> {
  try {
    // The dispatcher has checked the parameters; method and handler of one name fit each other.
    const handler = mail().queue[method] as (params: unknown, signal: AbortSignal) => Promise<unknown>
    return { ok: true, result: await handler(params, never) }
  } catch (error) {
    if (!(error instanceof ControlError)) throw error
    const { code, message, detail } = error
    return { ok: false, code, message, detail }
  }
}

function follow(on: boolean): undefined {
  unfollow?.()
  unfollow = on ? serving?.mail.history.follow((record) => link.notify('record', record)) : undefined
}

function end(deadlineMs: number): Promise<Report['ledger']> {
  const ending = mail()
  ended ??= ending.stop(deadlineMs).then(() => ending.report().ledger)
  return ended
}

async function exit(): Promise<never> {
  await serving?.mail[Symbol.asyncDispose]()
  await serving?.counters[Symbol.asyncDispose]()
  await log[Symbol.asyncDispose]()
  process.exit(0)
}
