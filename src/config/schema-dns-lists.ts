// SPDX-License-Identifier: Apache-2.0
/** `dnsLists`: lists of clients in DNS (RFC 5782) that are asked when a client connects. */
import { z } from 'zod'
import { DEFAULT_CODES, parseCodes } from './dns-list-codes.ts'
import { isHostname } from './names.ts'
import { duration, networkText, rule } from './units.ts'

/** A weight that is a number a person would write. */
const weight = () => z.number().min(-1000).max(1000)

const zone = () =>
  z
    .string()
    .refine(
      (text) => isHostname(text.replace(/\.$/, '')),
      rule('bad-domain', 'expected the domain of a list, such as list.example.org'),
    )
    .transform((text) => text.replace(/\.$/, '').toLowerCase())

const codesText = z
  .string()
  .refine(
    (text) => parseCodes(text) !== undefined,
    rule('bad-value', 'expected `127.0.0.2`, `127.0.0.2-127.0.0.11` or `bits 0.0.0.6`, within 127.0.0.0/8'),
  )

const list = z.strictObject({
  zone: zone().describe('Domain of the list.'),
  kind: z
    .enum(['block', 'allow'])
    .default('block')
    .describe('block: adds its weight for a client it lists. allow: a client it lists is let in, whatever others say.'),
  codes: z
    .array(
      z.union([
        codesText,
        z.strictObject({
          codes: codesText.describe('The answers.'),
          weight: weight().describe('What they weigh, instead of the weight of the list.'),
        }),
      ]),
    )
    .min(1)
    .default([DEFAULT_CODES])
    .transform((given) =>
      given.flatMap((one) => {
        const parsed = parseCodes(typeof one === 'string' ? one : one.codes)
        return parsed === undefined ? [] : [typeof one === 'string' ? { parsed } : { parsed, weight: one.weight }]
      }),
    )
    .describe(
      'Answers that mean “listed”: an address, a range `127.0.0.2-127.0.0.11`, or `bits 0.0.0.6` for any that has one of these bits; with a weight of its own as `{ codes: …, weight: … }`. The heaviest that fits counts. Anything else is never a listing, nor is 127.255.255.x, by which lists say that they do not answer you.',
    ),
  weight: weight().default(1).describe('What being listed weighs. Negative for lists of the good.'),
  channels: z
    .array(z.string())
    .min(1)
    .default(['tcp_local'])
    .describe('Asked for clients whose sessions begin on these channels.'),
  families: z
    .array(z.enum(['ipv4', 'ipv6']))
    .min(1)
    .default(['ipv4', 'ipv6'])
    .describe('Asked for clients with such addresses.'),
  failure: z
    .enum(['open', 'defer'])
    .default('open')
    .describe(
      'What becomes of a client while the list does not answer, or answers wrongly. open: as if it were not listed. defer: 421, where it could have mattered.',
    ),
  reply: z
    .string()
    .max(200)
    .default('Client {address} is listed by {zone}: {text}')
    .describe('Text of the refusal. {address}, {zone} and {text}, what the list itself says, are put in.'),
})

const service = z.strictObject({
  verifyDomains: z
    .array(zone())
    .max(5)
    .default([])
    .describe(
      'DNS_VERIFY_DOMAIN of the Dispatcher: a client that one of these lists is told `500 5.7.1 access_control: host found on DNS list and rejected`.',
    ),
  rbl: zone()
    .optional()
    .describe(
      'ENABLE_RBL of the Dispatcher, whose built-in list is no more: this list instead; the reply is what the list says.',
    ),
})

export const dnsListSettings = z
  .strictObject({
    lists: z
      .array(list)
      .default([])
      .describe(
        'Lists, asked all at once. Our own networks, loopback and the submission services are not asked about.',
      ),
    threshold: z
      .number()
      .gt(0)
      .default(1)
      .describe('A client whose weights come to this or more is refused with 554 and disconnected.'),
    allow: z.array(networkText()).default([]).describe('Addresses and networks that no list is asked about.'),
    timeout: duration('3s')
      .refine((ms) => ms > 0 && ms <= 60_000, rule('bad-duration', 'expected a time up to 1m'))
      .describe('Wait for all lists together; who has not answered by then counts as failed.'),
    services: z
      .record(z.string(), service)
      .default({})
      .describe(
        'The checks of the historical Dispatcher, by the name of the listener. They are for all clients, those of our own networks too.',
      ),
    canaries: duration('5m')
      .refine((ms) => ms >= 1000, rule('bad-duration', 'expected a time of at least 1s'))
      .describe(
        'How often each list is tested with the addresses of RFC 5782 §5: 127.0.0.2 must be listed, 127.0.0.1 must not. A list that fails is not used until it is right again.',
      ),
    breaker: z
      .boolean()
      .default(true)
      .describe('Take out a list that suddenly lists far more clients than usual, until its canaries are right again.'),
  })
  .describe('DNS lists of clients.')

export type DnsListSettings = z.output<typeof dnsListSettings>
export type DnsListConfig = DnsListSettings['lists'][number]
