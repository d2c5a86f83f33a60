// SPDX-License-Identifier: Apache-2.0
/**
 * The control protocol: JSON lines over the UNIX socket `server.control`, between the command line (later the console)
 * and the server. One request a line: `{"id":1,"method":"queue.list","params":{…}}`; answers `{"id":1,"result":…}` or
 * `{"id":1,"error":{"code","message"}}`; a method that follows something sends `{"id":1,"event":…}` until the
 * connection ends. Whoever may open the socket may do everything: it belongs to the server's account, mode 0600.
 */
import { z } from 'zod'
import { parseMessageId } from '../envelope/message-id.ts'

export const messageId = z.string().transform((text, context) => {
  const id = parseMessageId(text)
  if (id !== undefined) return id
  context.addIssue({ code: 'custom', message: 'not a message id' })
  return z.NEVER
})

/** Which recipients of the queue: all given conditions must hold. At least one condition, or `all`. */
export const Selection = z.strictObject({
  all: z.literal(true).optional(),
  ids: z.array(messageId).optional(),
  channel: z.string().optional(),
  /** Domain of the recipient. */
  domain: z.string().optional(),
  recipient: z.string().optional(),
  sender: z.string().optional(),
  state: z.enum(['queued', 'held']).optional(),
  /** Text the last reason contains. */
  reason: z.string().optional(),
})
export type Selection = z.output<typeof Selection>

/** Parameters of each method. */
export const METHODS = {
  status: z.strictObject({}),
  reload: z.strictObject({}),
  'queue.list': z.strictObject({ selection: Selection.optional(), limit: z.int().min(1).max(10_000).default(1000) }),
  'queue.shape': z.strictObject({}),
  'queue.show': z.strictObject({ id: messageId, content: z.boolean().default(false) }),
  'queue.retry': z.strictObject({ selection: Selection }),
  'queue.hold': z.strictObject({ selection: Selection, reason: z.string().max(200).default('held by an operator') }),
  'queue.release': z.strictObject({ selection: Selection }),
  'queue.bounce': z.strictObject({
    selection: Selection,
    reason: z.string().max(200).default('returned by an operator'),
  }),
  'queue.delete': z.strictObject({
    selection: Selection,
    reason: z.string().max(200).default('deleted by an operator'),
  }),
  'queue.reroute': z.strictObject({ selection: Selection, channel: z.string(), via: z.string().optional() }),
  tail: z.strictObject({}),
  doctor: z.strictObject({}),
} as const
export type Method = keyof typeof METHODS
export type ParamsOf<M extends Method> = z.output<(typeof METHODS)[M]>

export interface ResultOf {
  status: {
    readonly version: string
    readonly revision: string
    readonly startedAt: number
    readonly listeners: readonly {
      readonly name: string
      readonly service: string
      readonly address: string
      readonly port: number
    }[]
    readonly connections: number
    readonly queued: number
    readonly held: number
    /** The processes that serve mail; one, of index 0, where everything is in one process. */
    readonly workers: readonly WorkerRow[]
    /** The guards of disk and load, and what is suspected of crashes: whether each is fine, and how it stands. */
    readonly machine: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[]
  }
  reload: { readonly before: string; readonly revision: string; readonly notes: readonly string[] }
  'queue.list': { readonly rows: readonly QueueRow[]; readonly more: boolean }
  'queue.shape': { readonly groups: readonly QueueGroup[] }
  'queue.show': { readonly message: unknown; readonly content?: string; readonly truncated?: boolean }
  'queue.retry': { readonly recipients: number }
  'queue.hold': { readonly recipients: number }
  'queue.release': { readonly recipients: number }
  'queue.bounce': { readonly recipients: number }
  'queue.delete': { readonly recipients: number }
  'queue.reroute': { readonly recipients: number }
  tail: never
  doctor: { readonly checks: readonly { readonly name: string; readonly fine: boolean; readonly detail: string }[] }
}

export interface WorkerRow {
  readonly index: number
  readonly state: 'starting' | 'serving' | 'waiting'
  readonly pid?: number
  /** Wall-clock milliseconds. */
  readonly startedAt?: number
  /** Times it was replaced after its end. */
  readonly replaced: number
  /** Shards of the queue it owns. */
  readonly shards: readonly number[]
  readonly connections: number
  readonly queued: number
  readonly held: number
}

/** One recipient of one message in the queue. Times are wall-clock milliseconds. */
export interface QueueRow {
  readonly id: string
  readonly sender: string
  readonly recipient: string
  readonly channel: string
  readonly state: 'queued' | 'held'
  readonly size: number
  readonly receivedAt: number
  readonly attempts: number
  readonly nextAt?: number
  readonly reason?: string
}

/** Recipients that wait for the same reason at the same destination. */
export interface QueueGroup {
  readonly channel: string
  readonly domain: string
  readonly state: 'queued' | 'held'
  readonly reason: string
  readonly recipients: number
  readonly oldestAt: number
  readonly nextAt?: number
}

/** What the server answers each method with. `tail` is given a function to send events with and runs until the signal. */
export type Handlers = {
  readonly [M in Exclude<Method, 'tail'>]: (params: ParamsOf<M>, signal: AbortSignal) => Promise<ResultOf[M]>
} & { readonly tail: (params: ParamsOf<'tail'>, signal: AbortSignal, send: (event: unknown) => void) => Promise<void> }

/** Error codes of the protocol. */
/** `unavailable`: a part of the queue has no process at the moment; ask again. */
export const CONTROL_ERRORS = ['bad-request', 'not-found', 'invalid-configuration', 'unavailable', 'internal'] as const
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly code: (typeof CONTROL_ERRORS)[number]
  /** Diagnostics of a refused configuration, ready to print. */
  readonly detail: string | undefined
  constructor(code: (typeof CONTROL_ERRORS)[number], message: string, detail?: string) {
    super(message)
    this.code = code
    this.detail = detail
  }
}
