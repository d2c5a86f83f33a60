// SPDX-License-Identifier: Apache-2.0
/** Counters in Redis or Valkey, for several machines: one script a request, so that no two askers get between. */
import { createHash } from 'node:crypto'
import { keptKey } from './counter-rules.ts'
import { type CounterAnswer, type CounterRequest, MAX_VALUE, type OpenCounters } from './counters.ts'
import { connectRedis, type RedisAnswer, type RedisOptions } from './redis-client.ts'
import { COUNTER_SCRIPT } from './redis-script.ts'

export interface RedisCountersOptions extends RedisOptions {
  /** In front of every name. */
  readonly prefix: string
  /** What time it is, ms; absent: Redis's own clock, which everybody shares. */
  readonly now?: () => number
}

const DIGEST = createHash('sha1').update(COUNTER_SCRIPT).digest('hex')

/** Where Redis is away the answers are `defer`. @throws Error when the library is not installed */
export async function openRedisCounters(options: RedisCountersOptions): Promise<OpenCounters> {
  const redis = await connectRedis(options)
  const run = async (request: CounterRequest): Promise<RedisAnswer> => {
    // The braces keep both keys in one slot of a cluster.
    const name = `${options.prefix}{${request.table.name}}`
    const words = [`${name}:entries`, `${name}:used`, ...wordsOf(request, options.now)]
    const first = await redis.command(['EVALSHA', DIGEST, '2', ...words])
    if (first.kind !== 'refused' || !first.cause.startsWith('NOSCRIPT')) return first
    return await redis.command(['EVAL', COUNTER_SCRIPT, '2', ...words])
  }
  return {
    check: () => ({ name: 'counts', ok: redis.ready, detail: redis.ready ? 'kept by Redis' : 'Redis is away' }),
    async count(request) {
      if (request.do === 'store' && Buffer.byteLength(request.value) > MAX_VALUE) return { kind: 'absent' }
      return answerOf(await run(request))
    },
    [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
  }
}

function wordsOf(request: CounterRequest, now: (() => number) | undefined): readonly string[] {
  const { table } = request
  const first = [
    request.do,
    keptKey(request.key),
    now === undefined ? '' : String(Math.round(now())),
    String(Math.max(1, table.maxEntries)),
  ]
  if (request.do === 'greylist') {
    const { blockMs, resubmitMs, inactivityMs } = request.table
    return [...first, String(blockMs), String(resubmitMs), String(inactivityMs), '']
  }
  if (request.do === 'claim' || request.do === 'know' || request.do === 'unclaim') {
    const forMs = request.do === 'unclaim' ? '' : String(Math.round(request.forMs))
    return [...first, forMs, '', '', request.do === 'know' ? '' : request.by]
  }
  const { windowMs, quota, penalize } = request.table
  const given = request.do === 'store' ? request.value : request.do === 'adjust' ? String(request.by) : ''
  return [...first, String(windowMs), String(quota), penalize ? '1' : '0', given]
}

function answerOf(answer: RedisAnswer): CounterAnswer {
  if (answer.kind !== 'answer') return { kind: 'defer', cause: answer.cause }
  if (answer.value === null || answer.value === undefined) return { kind: 'absent' }
  return { kind: 'found', value: String(answer.value) }
}
