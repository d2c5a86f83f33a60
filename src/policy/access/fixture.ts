// SPDX-License-Identifier: Apache-2.0
/** For tests: a revision with mapping tables, and a host that writes down what stages do to the world. */
import assert from 'node:assert/strict'
import type { MailAddress } from '../../address/address.ts'
import type { Asking, Host } from '../../ask/ask.ts'
import type { CallOuts } from '../../ask/call-outs.ts'
import { runCallOut } from '../../ask/call-outs.ts'
import { NO_TABLES } from '../../ask/no-tables.ts'
import type { Note } from '../../ask/note.ts'
import { NO_PRESSURE } from '../../ask/pressure.ts'
import type { Revision, RevisionId } from '../../config/revision.ts'
import { ConfigSchema } from '../../config/schema.ts'
import { STOCK_CHANNELS } from '../../config/schema-channels.ts'
import type { SiteTables } from '../../config/site-tables.ts'
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { MessageId, SessionId } from '../../envelope/message-id.ts'
import { loadMappings, readGeneral } from '../../mapping/index.ts'
import { NO_COUNTS, type RcptContext, type Stage, type StageResult } from '../stage.ts'

/** One stage alone, asking where it must. */
export function* askStage<C>({ name, judge, run }: Stage<C>, context: C): Asking<StageResult<C>> {
  const judged = judge?.(context)
  if (judged !== undefined) return judged
  assert.ok(run !== undefined, `${name} is not built`)
  return yield* run(context)
}

export function tablesOf(text: string, general = ''): SiteTables {
  const loaded = loadMappings({ name: 'mappings', text })
  assert.ok(!loaded.hasErrors, JSON.stringify(loaded.problems))
  return { mappings: loaded.mappings, general: readGeneral({ name: 'general.txt', text: general }), diagnostics: [] }
}

export interface Given {
  readonly mappings?: string
  readonly general?: string
  readonly access?: Readonly<Record<string, unknown>>
  readonly channels?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly own?: readonly string[]
}

export function revisionOf({ mappings = '', general = '', access = {}, channels = {}, own = [] }: Given): Revision {
  const merged: Record<string, unknown> = { ...STOCK_CHANNELS }
  for (const [name, settings] of Object.entries(channels))
    merged[name] = {
      ...(name in STOCK_CHANNELS ? STOCK_CHANNELS[name as keyof typeof STOCK_CHANNELS] : {}),
      ...settings,
    }
  return {
    id: 'r' as RevisionId,
    directory: '/nowhere',
    config: ConfigSchema.parse({
      server: { hostname: 'mx.example.org' },
      listeners: {},
      channels: merged,
      networks: { own },
      access,
    }),
    tables: tablesOf(mappings, general),
    where: (...path) => ({ by: 'default', setting: path.join('.'), value: '' }),
  }
}

export const mailAddress = (text: string): MailAddress => text as MailAddress

/** A context that serves every moment before the content. */
export function contextOf(revision: Revision, more: Partial<RcptContext> = {}): RcptContext {
  const address = mailAddress('lee@b.test')
  return {
    session: 's' as SessionId,
    id: 'm' as MessageId,
    revision,
    listener: 'mx',
    service: 'smtp',
    client: { address: '198.51.100.7', port: 50344 },
    server: { address: '192.0.2.10', port: 25 },
    source: 'tcp_local' as ChannelName,
    initial: 'tcp_local' as ChannelName,
    counts: { ...NO_COUNTS, transactions: 1 },
    esmtp: true,
    helo: 'mx.example.net',
    reversePath: mailAddress('kim@example.net'),
    declaredSize: 0,
    smtputf8: false,
    body: '7bit',
    given: address,
    address,
    accepted: [],
    acceptedCommands: 0,
    presented: 0,
    ...more,
  }
}

export interface Recorded {
  readonly host: Host
  readonly notes: Note[]
  readonly waits: number[]
}

const AWAY = { kind: 'defer', cause: 'away' } as const

/** Nothing is known of anything but what is given here. */
export function recordingHost(
  answers: { readonly callOuts?: CallOuts; readonly members?: readonly string[] } = {},
): Recorded {
  const notes: Note[] = []
  const waits: number[] = []
  return {
    notes,
    waits,
    host: {
      ...NO_TABLES,
      now: () => 0,
      random: ({ octets }) => '00'.repeat(octets),
      dns: () => AWAY,
      pressure: () => NO_PRESSURE,
      crashes: () => ({ crashes: [], othersInHand: false }),
      'directory.domain': () => ({ kind: 'absent' }),
      'directory.address': () => ({ kind: 'absent' }),
      'directory.scram': () => AWAY,
      'directory.password': () => AWAY,
      'slot.claim': () => ({ granted: true }),
      'client.early': () => ({ octets: 0 }),
      'queue.commit': () => AWAY,
      'mapping.call': (question) => runCallOut(answers.callOuts ?? new Map(), question),
      'system.group': ({ user, group }) => ({
        kind: 'found',
        value: answers.members?.includes(`${user} ${group}`) === true,
      }),
      note: ({ note }) => {
        notes.push(note)
        return undefined
      },
      wait: ({ ms }) => {
        waits.push(ms)
        return undefined
      },
    },
  }
}
