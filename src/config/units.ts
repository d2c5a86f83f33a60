// SPDX-License-Identifier: Apache-2.0
/** Durations, sizes and networks as people write them in the configuration: `5m`, `4h`; `50MiB`, `1024`; `192.0.2.0/24`. */
import { z } from 'zod'
import { parseNetwork } from '../address/network.ts'
import type { DiagnosticCode } from './codes.ts'

const DURATION_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const SIZE_BYTES = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/** How a check of one value says no: what was expected, and the code of the diagnostic. */
export const rule = (code: DiagnosticCode, message: string) => ({ message, params: { code } })

const DURATION = rule('bad-duration', 'expected a duration such as 30s, 5m, 4h or 5d')

/** An address or a network, as it is written. */
export const networkText = () =>
  z
    .string()
    .refine(
      (text) => parseNetwork(text) !== undefined,
      rule('bad-network', 'expected an address or network such as 192.0.2.0/24 or 2001:db8::/32'),
    )

/** A duration that stays as written. */
export const durationText = () => z.string().refine((text) => parseDurationMs(text) !== undefined, DURATION)

/** Milliseconds, or `undefined` for what is no duration. */
export function parseDurationMs(text: string): number | undefined {
  const m = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text.trim())
  return m === null ? undefined : Number(m[1]) * DURATION_MS[m[2] as keyof typeof DURATION_MS]
}

/** Octets, or `undefined` for what is no size. */
export function parseSizeBytes(text: string): number | undefined {
  const m = /^(\d{1,12}) ?(B|KB|MB|GB|KiB|MiB|GiB)?$/.exec(text.trim())
  return m === null ? undefined : Number(m[1]) * SIZE_BYTES[(m[2] ?? 'B') as keyof typeof SIZE_BYTES]
}

/** A duration in the configuration; becomes milliseconds. */
export const duration = (byDefault: string) =>
  z
    .string()
    .transform((text, context) => {
      const ms = parseDurationMs(text)
      if (ms !== undefined) return ms
      context.addIssue({ code: 'custom', ...DURATION })
      return z.NEVER
    })
    .prefault(byDefault)

/** A size in the configuration; becomes octets. */
export const size = (byDefault: string) =>
  z
    .union([z.string(), z.int().nonnegative()])
    .transform((given, context) => {
      const bytes = typeof given === 'number' ? given : parseSizeBytes(given)
      if (bytes !== undefined) return bytes
      context.addIssue({ code: 'custom', ...rule('bad-size', 'expected a size such as 1024, 50MiB or 10MB') })
      return z.NEVER
    })
    .prefault(byDefault)
