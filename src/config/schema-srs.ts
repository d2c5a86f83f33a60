// SPDX-License-Identifier: Apache-2.0
/** Settings of sender rewriting (address/srs.ts). */
import { z } from 'zod'
import { isHostname } from './names.ts'
import { rule } from './units.ts'

export const srs = z
  .strictObject({
    domain: z
      .string()
      .refine(isHostname, rule('bad-hostname', 'expected a domain such as srs.example.org'))
      .describe(
        'Domain of rewritten addresses. Its MX must lead here; addresses of it that are not such ones are looked up as usual.',
      ),
    secretsFile: z
      .string()
      .describe(
        'File with secrets, one a line, each of at least 16 characters: the first one signs, all are believed. Every machine of the site has the same.',
      ),
    days: z.int().min(1).max(365).default(21).describe('Days for which bounces to a rewritten address are taken.'),
  })
  .describe(
    'Sender rewriting (SRS): mail that a filter or an alias of ours sends on to another system goes with an envelope sender of ours, and bounces to it find their way back. Off without this.',
  )
