// SPDX-License-Identifier: Apache-2.0
/** `state`: who keeps the counts that call-outs use, and the tables of `check_metermaid` (spec access-control.md 7.3). */
import { z } from 'zod'
import { duration, rule } from './units.ts'

const positive = (byDefault: string) =>
  duration(byDefault).refine((ms) => ms > 0, rule('bad-duration', 'expected a time longer than 0ms'))

const table = z.strictObject({
  type: z
    .enum(['throttle', 'greylisting'])
    .default('throttle')
    .describe(
      'throttle: counts and values, for the routines throttle, query, adjust, fetch, store, remove and test. greylisting: for the routine of that name.',
    ),
  dataType: z
    .enum(['ipv4', 'string'])
    .default('string')
    .describe(
      'What its keys are (metermaid.table.NAME.data_type). `ipv4`: addresses, IPv6 ones too, in one form each; any other key fails.',
    ),
  quota: z
    .int()
    .min(0)
    .max(1_000_000_000)
    .default(100)
    .describe('Calls of one key within quotaTime that are not over (metermaid.table.NAME.quota).'),
  quotaTime: duration('1h').describe(
    'The window of the quota, from the first call of a key; then the key is forgotten (metermaid.table.NAME.quota_time). 0s: never, for values that stay until they are dropped.',
  ),
  maxEntries: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1000)
    .describe(
      'Keys that are kept; with one more, the key that was not used for longest is dropped (metermaid.table.NAME.max_entries).',
    ),
  options: z
    .array(z.enum(['penalize', 'nocase']))
    .default([])
    .describe(
      'penalize: what went over the quota counts against the next window. nocase: keys compare without regard to the case of ASCII letters (metermaid.table.NAME.options).',
    ),
  blockTime: duration('5m').describe('Greylisting: a key seen for the first time is refused for so long.'),
  resubmitTime: positive('4h').describe('Greylisting: a key that comes again within this time is accepted.'),
  inactivityTime: positive('7d').describe(
    'Greylisting: a key that was accepted is remembered until it has been away for so long.',
  ),
})

export const stateSettings = z
  .strictObject({
    kind: z
      .enum(['embedded', 'redis'])
      .default('embedded')
      .describe(
        'embedded: this server keeps the counts, one for all its workers. redis: a Redis or Valkey server does, for several machines; it needs the package @redis/client.',
      ),
    url: z
      .string()
      .regex(/^rediss?:\/\/\S+$/)
      .optional()
      .describe(
        'Where Redis is: `redis://user:password@host:port/database`, `rediss://` for TLS (metermaid.config.serverhost, port and secret).',
      ),
    prefix: z.string().max(100).default('postern:').describe('Redis: stands in front of every key.'),
    timeout: positive('2s').describe('Redis: wait for one answer. Without one, call-outs fail, which refuses nobody.'),
    connectFrequency: positive('15s').describe(
      'Redis: wait between attempts to connect while it is away; until then call-outs fail at once (metermaid.mtaclient.connectfrequency).',
    ),
    save: positive('30s').describe(
      'Embedded: the counts are written to the spool this often, and at the end; a crash loses what was counted since, but for what filters remember.',
    ),
    tables: z
      .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/), table)
      .default({})
      .describe('Tables for `check_metermaid`, by the name that mapping tables call them by.'),
  })
  .refine((state) => state.kind !== 'redis' || state.url !== undefined, {
    ...rule('missing-key', '`kind: redis` needs `url`'),
    path: ['kind'],
  })
  .describe('Counts for throttles, quotas and greylists.')
