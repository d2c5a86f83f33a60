// SPDX-License-Identifier: Apache-2.0
/** `limits` of the machine: when new mail or new connections are refused because it is full or busy. */
import { z } from 'zod'
import { duration, parseSizeBytes, rule } from './units.ts'

/** A size without a default: absent means that the server chooses. */
const optionalSize = () =>
  z
    .union([z.string(), z.int().nonnegative()])
    .transform((given, context) => {
      const bytes = typeof given === 'number' ? given : parseSizeBytes(given)
      if (bytes !== undefined) return bytes
      context.addIssue({ code: 'custom', ...rule('bad-size', 'expected a size such as 1024, 50MiB or 10GB') })
      return z.NEVER
    })
    .optional()

export const pressureLimits = {
  freeSpace: optionalSize().describe(
    'Space of the spool’s file system that is kept free, so that deliveries can be written down: under it, new mail is answered 452 and an alarm is raised. Default: 100MiB, or a tenth of a file system where that is less. 0 for none.',
  ),
  freeInodes: z
    .int()
    .nonnegative()
    .optional()
    .describe(
      'The same for inodes, where the file system counts them. Default: 1000, or a tenth where that is less. 0 for none.',
    ),
  loopDelay: duration('250ms')
    .refine((ms) => ms > 0, rule('bad-duration', 'expected a time longer than 0ms'))
    .describe(
      'How late the process may come to its work before it counts as busy, and new connections of unknown clients are refused with 421; at four times that, of all but known good clients.',
    ),
  memory: optionalSize()
    .refine((bytes) => bytes !== 0, rule('bad-size', 'expected more than 0'))
    .describe(
      'Memory the process may take: at 80 % it counts as busy, at 90 % as full, with the same consequences. Default: four fifths of what the machine or container has. The heap’s own limit counts as well.',
    ),
}
