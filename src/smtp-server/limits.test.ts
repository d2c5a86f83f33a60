// SPDX-License-Identifier: Apache-2.0
/** Proves: docs/manual/limits.md tells every limit there is, with its historical name and its reply. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigSchema } from '../config/schema.ts'
import { destinationLimits, remoteLimits, siteLimits, sourceLimits } from '../config/schema-channel-limits.ts'
import {
  blocksExceeded,
  CHANNEL_LIMITS,
  LONG_LINES_REFUSED,
  linesExceeded,
  RECIPIENT_LIMIT_PERMANENT,
} from '../policy/channel-limits.ts'
import { describeReply } from '../smtp/reply.ts'
import { LIMITS } from './limits.ts'

const manual = readFileSync(join(import.meta.dirname, '../../docs/manual/limits.md'), 'utf8')
const tells = (text: string): void => assert.ok(manual.includes(text), `limits.md does not say ${text}`)

test('every limit of a channel is told, with its reply', () => {
  for (const key of [...Object.keys(sourceLimits), ...Object.keys(destinationLimits), ...Object.keys(remoteLimits)])
    tells(`\`${key}\``)
  for (const { keyword, reply } of Object.values(CHANNEL_LIMITS)) {
    tells(`\`${keyword}\``)
    tells(describeReply(reply))
  }
  for (const reply of [blocksExceeded(0), linesExceeded(0), LONG_LINES_REFUSED])
    tells(describeReply(reply).replace(' 0 ', ' N '))
  tells(describeReply(RECIPIENT_LIMIT_PERMANENT).split(' ').slice(0, 2).join(' '))
})

test('every limit of the site is told, with its reply', () => {
  const { limits } = ConfigSchema.parse({ server: { hostname: 'mx.example.org' }, listeners: {} })
  for (const key of [...Object.keys(limits), ...Object.keys(siteLimits)]) tells(`limits.${key}`)
  for (const { reply } of Object.values(LIMITS)) tells(describeReply(reply))
})
