// SPDX-License-Identifier: Apache-2.0
/**
 * `access`: where the mapping tables are, and the options of the access tables, each with its historical name (spec
 * access-control.md 2.5, 3.3, 4, 11). Options that were bits are bits here, so that a site's values can be copied.
 */
import { z } from 'zod'
import { duration, rule } from './units.ts'

/** Longest `maxDelay`: clients give up after 5 minutes (RFC 5321 §4.5.3.2). */
const MAX_DELAY_MS = 120_000

/** A text of a reply: printable, on one line. */
const text = (byDefault: string) =>
  z
    .string()
    .regex(/^[^\u0000-\u001f\u007f]{1,200}$/u)
    .default(byDefault)

const bits = (max: number) => z.int().min(0).max(max).default(0)

const RECIPIENT_BITS =
  '1: all four recipient tables, 2: ORIG_SEND_ACCESS, 4: SEND_ACCESS, 8: ORIG_MAIL_ACCESS, 16: MAIL_ACCESS'

export const access = z
  .strictObject({
    mappings: z
      .string()
      .default('mappings')
      .describe('File of the mapping tables, relative to this directory; may be missing (IMTA_MAPPING_FILE).'),
    general: z
      .string()
      .default('general.txt')
      .describe('The general table, which templates look into with a dollar and braces; may be missing (general.txt).'),
    orcpt: bits(31).describe(`Adds the original recipient to probes (ACCESS_ORCPT). ${RECIPIENT_BITS}.`),
    counts: bits(31).describe(`Adds counts of recipients to probes (ACCESS_COUNTS). ${RECIPIENT_BITS}.`),
    auth: bits(31).describe(`Adds the signed-in address to probes (ACCESS_AUTH). ${RECIPIENT_BITS}.`),
    conversionTags: bits(127).describe(
      'Adds the conversion tags to probes (INCLUDE_CONVERSIONTAG). 8: ORIG_SEND_ACCESS, 16: SEND_ACCESS, 32: ORIG_MAIL_ACCESS, 64: MAIL_ACCESS; the other bits are of tables that are not there yet.',
    ),
    connectionInfo: bits(127).describe(
      'Puts what is known of the connection in front of the probes of mailing lists (INCLUDE_CONNECTIONINFO). 1: AUTH_MAPPING, 2: MODERATOR_MAPPING, 4: CANT_MAPPING, 32: HOLD_MAPPING, 64: NOHOLD_MAPPING.',
    ),
    paranoia: z
      .int()
      .min(0)
      .max(126)
      .refine((code) => code === 0 || code >= 33, rule('bad-value', 'expected 0, or the code of a printable character'))
      .default(0)
      .describe(
        'Code of the character that stands for `|` in what a client said, so that no sender can forge the fields of a probe; 0 leaves it (MAPPING_PARANOIA).',
      ),
    useAuthReturn: bits(127).describe(
      `Probes with the signed-in address instead of the envelope sender (USE_AUTH_RETURN). ${RECIPIENT_BITS}, 32: FROM_ACCESS, 64: mailing lists.`,
    ),
    useOrigReturn: bits(127).describe(
      `Probes with the sender as typed, whatever FROM_ACCESS made of it (USE_ORIG_RETURN). ${RECIPIENT_BITS}, 64: mailing lists.`,
    ),
    orClauses: z
      .boolean()
      .default(false)
      .describe('One of several conditions of a mailing list is enough (OR_CLAUSES).'),
    errors: z
      .union([z.literal(0), z.literal(1)])
      .default(0)
      .describe('What a refusal without a text of its own says: 0 hides that it is one, 1 says so (ACCESS_ERRORS).'),
    errorTextUnknownHost: text('unknown host or domain').describe(
      'Text of such refusals with `errors: 0` (ERROR_TEXT_UNKNOWN_HOST).',
    ),
    errorTextAccessFailure: text('you are not allowed to use this address').describe(
      'Text of such refusals with `errors: 1` (ERROR_TEXT_ACCESS_FAILURE).',
    ),
    logConnection: bits(255).describe(
      'What PORT_ACCESS writes into the log (LOG_CONNECTION). 2: a record of each refusal with `$T`. 16: the text behind `||`.',
    ),
    truncateCalls: z
      .boolean()
      .default(false)
      .describe('Cut arguments and results of call-outs to 252 octets, as the historical server did.'),
    failedLookups: z
      .enum(['go-on', 'defer'])
      .default('go-on')
      .describe(
        'What to do when a row asked a service that did not answer: go on as if it had found nothing, as the historical server did, or tell the client to try later.',
      ),
    maxDelay: duration('30s')
      .refine((ms) => ms <= MAX_DELAY_MS, rule('bad-duration', 'expected at most 2m'))
      .describe('Longest delay before one reply that a row may ask for with `$D`.'),
  })
  .describe('Mapping tables and access control.')
