// SPDX-License-Identifier: Apache-2.0
/** Records for tests: one message of each kind, as the engine writes them. */
import type { DecidedBy } from '../ask/decided-by.ts'
import { createIds } from '../envelope/message-id.ts'
import type { BirthRecord, DeliveryRecord, FloodRecord, Step, Trace, WithheldRecord } from '../policy/trace.ts'

export const START = Date.UTC(2026, 10, 24, 5, 7, 15, 123)
const ids = createIds(() => START, 7)
export const nextIds = { message: ids.message, session: ids.session }

export const RELAY_LINE: DecidedBy = {
  by: 'config',
  setting: 'channels.tcp_local.relay',
  at: { file: 'postern.yaml', line: 12, column: 5, text: '    relay: never' },
}

export const step = (given: Partial<Step> = {}): Step => ({
  at: 'rcpt',
  stage: 'routing',
  ms: 3,
  result: 'pass',
  by: { by: 'default', setting: 'routes', value: '{}' },
  ...given,
})

export const trace = (given: Partial<Trace> = {}): Trace => ({
  record: 'trace',
  version: 1,
  id: given.id ?? nextIds.message(),
  session: given.session ?? nextIds.session(),
  at: START,
  revision: 'r1a2b3c',
  listener: 'smtp',
  client: { address: '192.0.2.7', port: 40_000 },
  server: { address: '192.0.2.1', port: 25 },
  helo: 'mail.partner.test',
  source: 'tcp_local',
  from: 'Pat@partner.test',
  recipients: [
    {
      given: 'kim@example.org',
      result: 'accepted',
      reply: '250 2.1.5 OK',
      becomes: [{ address: 'kim@example.org', channel: 'ims-ms' }],
    },
  ],
  size: 812,
  subject: 'Grüße aus Köln',
  messageIdField: '<1@partner.test>',
  outcome: 'queued',
  steps: [step()],
  facts: [],
  ...given,
})

export const delivery = (given: Pick<DeliveryRecord, 'id'> & Partial<DeliveryRecord>): DeliveryRecord => ({
  record: 'delivery',
  version: 1,
  at: START + 1000,
  revision: 'r1a2b3c',
  channel: 'ims-ms',
  recipients: [{ address: 'kim@example.org', result: 'delivered', status: '2.0.0', detail: 'Maildir kim/new' }],
  by: { by: 'default', setting: 'channels.ims-ms.kind', value: 'maildir' },
  durationMs: 12.4,
  ...given,
})

export const birth = (given: Pick<BirthRecord, 'about'> & Partial<BirthRecord>): BirthRecord => ({
  record: 'birth',
  version: 1,
  id: nextIds.message(),
  at: START + 2000,
  revision: 'r1a2b3c',
  why: 'failure',
  from: '',
  recipients: [{ address: 'pat@partner.test', channel: 'tcp_local' }],
  steps: [step()],
  ...given,
})

export const withheld = (given: Partial<WithheldRecord> = {}): WithheldRecord => ({
  record: 'withheld',
  version: 1,
  id: nextIds.message(),
  at: START + 3000,
  revision: 'r1a2b3c',
  why: 'vacation',
  to: ['pat@partner.test'],
  reason: 'enough for pat@partner.test: 100 messages in 60 minutes',
  by: { by: 'default', setting: 'queue.ownMail.perAddress', value: '100' },
  ...given,
})

export const flood = (given: Partial<FloodRecord> = {}): FloodRecord => ({
  record: 'flood',
  version: 1,
  at: START + 60_000,
  address: '192.0.2.66',
  count: 990,
  reply: '421 4.7.0 Too many connections',
  by: { by: 'default', setting: 'limits.connectionsPerAddress', value: '20' },
  ...given,
})
