// SPDX-License-Identifier: Apache-2.0
/** Dates of header fields, RFC 5322 §3.3 and the obsolete forms of §4.3. Linear; what cannot be read is `undefined`. */

export interface DateTime {
  /** Wall-clock milliseconds since 1970 UTC. */
  readonly ms: number
  /** Minutes east of Greenwich, as written. */
  readonly offsetMinutes: number
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** [ day-of-week "," ] day month year hour ":" minute [ ":" second ] zone */
const DATE =
  /^(?:[a-z]{3,9} ?, ?)?([0-9]{1,2}) ([a-z]{3})[a-z]{0,6} ([0-9]{2,4}) ([0-9]{1,2}) ?: ?([0-9]{2})(?: ?: ?([0-9]{2})(?:\.[0-9]+)?)?(?: ?([+-][0-9]{4}|[a-z]{1,5}))?/i

/** Longest value looked at. */
const MAX = 200

/** §4.3: zones of North America; military letters other than Z are -0000, for RFC 822 had their signs wrong. */
const ZONES: Readonly<Record<string, number>> = {
  ut: 0,
  utc: 0,
  gmt: 0,
  z: 0,
  edt: -240,
  est: -300,
  cdt: -300,
  cst: -360,
  mdt: -360,
  mst: -420,
  pdt: -420,
  pst: -480,
}

export function parseDateTime(value: string): DateTime | undefined {
  const text = withoutComments(value.slice(0, MAX)).replace(/\s+/g, ' ').trim()
  const match = DATE.exec(text)
  if (match === null) return undefined
  const [, day = '', monthName = '', yearText = '', hour = '', minute = '', second = '0', zone = '-0000'] = match
  const month = MONTHS.indexOf(monthName.toLowerCase())
  const offsetMinutes = zoneMinutes(zone)
  if (month < 0 || offsetMinutes === undefined) return undefined
  // §4.3: two digits below 50 are of this century, others and three digits count from 1900.
  const written = Number(yearText)
  const year = yearText.length >= 4 ? written : yearText.length === 2 && written < 50 ? 2000 + written : 1900 + written
  const at = Date.UTC(year, month, Number(day), Number(hour), Number(minute), Math.min(Number(second), 59))
  const date = new Date(at)
  if (date.getUTCDate() !== Number(day) || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60)
    return undefined
  return { ms: at - offsetMinutes * 60_000, offsetMinutes }
}

/** `+0130` as 90; `undefined` for what is no zone. */
export function zoneMinutes(zone: string): number | undefined {
  const numeric = /^([+-])([0-9]{2})([0-9]{2})$/.exec(zone)
  if (numeric !== null) {
    const [, sign, hours, minutes] = numeric
    if (Number(minutes) > 59) return undefined
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) || 0
  }
  const name = zone.toLowerCase()
  return ZONES[name] ?? (/^[a-z]{1,5}$/.test(name) ? 0 : undefined)
}

function withoutComments(text: string): string {
  if (!text.includes('(')) return text
  let out = ''
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? ''
    if (character === '\\') at++
    else if (character === '(') depth++
    else if (character === ')' && depth > 0) {
      depth--
      out += ' '
    } else if (depth === 0) out += character
  }
  return out
}
