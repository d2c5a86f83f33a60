// SPDX-License-Identifier: Apache-2.0
/** The parts of a date that scripts test, RFC 5260 §4.2. */
import { formatDate } from '../../mime/fields.ts'

const two = (n: number): string => String(n).padStart(2, '0')
const four = (n: number): string => String(n).padStart(4, '0')

/** Modified Julian Day of 1970-01-01. */
const MJD_1970 = 40_587
const DAY_MS = 86_400_000

/** `local`: the time in the zone, as if it were UTC. */
type Part = (local: Date, ms: number, offset: number) => string

const zone = (offset: number, between: string): string => {
  const minutes = Math.abs(offset)
  return `${offset < 0 ? '-' : '+'}${two(Math.trunc(minutes / 60))}${between}${two(minutes % 60)}`
}

const day = (local: Date): string =>
  `${four(local.getUTCFullYear())}-${two(local.getUTCMonth() + 1)}-${two(local.getUTCDate())}`

const time = (local: Date): string =>
  `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`

const PARTS: ReadonlyMap<string, Part> = new Map<string, Part>([
  ['year', (local) => four(local.getUTCFullYear())],
  ['month', (local) => two(local.getUTCMonth() + 1)],
  ['day', (local) => two(local.getUTCDate())],
  ['date', day],
  ['julian', (local) => String(Math.floor(local.getTime() / DAY_MS) + MJD_1970)],
  ['hour', (local) => two(local.getUTCHours())],
  ['minute', (local) => two(local.getUTCMinutes())],
  ['second', (local) => two(local.getUTCSeconds())],
  ['time', time],
  // §4.2: Z, not +00:00.
  ['iso8601', (local, _ms, offset) => `${day(local)}T${time(local)}${offset === 0 ? 'Z' : zone(offset, ':')}`],
  ['std11', (_local, ms, offset) => formatDate(ms, offset)],
  ['zone', (_local, _ms, offset) => zone(offset, '')],
  ['weekday', (local) => String(local.getUTCDay())],
])

/** How the short ones are written, so that other keys are seen to match nothing. */
export const DATE_FORMS: ReadonlyMap<string, { readonly pattern: RegExp; readonly like: string }> = new Map(
  Object.entries({
    year: { pattern: /^[0-9]{4}$/, like: 'four digits' },
    month: { pattern: /^(?:0[1-9]|1[0-2])$/, like: '01 to 12' },
    day: { pattern: /^(?:0[1-9]|[12][0-9]|3[01])$/, like: '01 to 31' },
    hour: { pattern: /^(?:[01][0-9]|2[0-3])$/, like: '00 to 23' },
    minute: { pattern: /^[0-5][0-9]$/, like: '00 to 59' },
    second: { pattern: /^(?:[0-5][0-9]|60)$/, like: '00 to 59' },
    weekday: { pattern: /^[0-6]$/, like: '0 for Sunday to 6' },
  }),
)

export const DATE_PARTS: ReadonlySet<string> = new Set(PARTS.keys())

/** `offset`: minutes east of Greenwich. */
export function datePart(name: string, ms: number, offset: number): string | undefined {
  const local = new Date(ms + offset * 60_000)
  return Number.isNaN(local.getTime()) ? undefined : PARTS.get(name)?.(local, ms, offset)
}
