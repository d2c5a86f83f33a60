// SPDX-License-Identifier: Apache-2.0
/**
 * What commands print: tables, durations, sizes. Text that a stranger chose (addresses, replies, subjects) loses
 * everything that could move a terminal's cursor.
 */
import { styleText } from 'node:util'

export type Style = Parameters<typeof styleText>[0]

/** No control characters, none that turn the direction of text; at most `max` characters. */
export function clean(text: string, max = 200): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '·')
  return plain.length > max ? `${plain.slice(0, max - 1)}…` : plain
}

/** Colours only where a person looks, and only if they want them: https://no-color.org. */
export const wantsColor = (stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean =>
  stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'

export const paint = (color: boolean, style: Style, text: string): string =>
  color ? styleText(style, text, { validateStream: false }) : text

export interface Column {
  readonly title: string
  readonly align?: 'right'
  /** Cut longer cells. */
  readonly max?: number
}

/** Aligned columns, two blanks between. Cells are cleaned here. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: { readonly color: boolean },
): string {
  const cells = rows.map((row) => columns.map((column, i) => clean(row[i] ?? '', column.max)))
  const widths = columns.map((column, i) =>
    cells.reduce((w, row) => Math.max(w, width(row[i] ?? '')), width(column.title)),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => {
        const fill = ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(cell)))
        return columns[i]?.align === 'right' ? fill + cell : cell + fill
      })
      .join('  ')
      .trimEnd()
  const head = line(columns.map((column) => column.title))
  return [paint(options.color, 'bold', head), ...cells.map(line)].join('\n')
}

/** Columns a terminal uses, near enough: wide East Asian characters count two, marks none. */
function width(text: string): number {
  let columns = 0
  for (const char of text) {
    if (/\p{M}/u.test(char)) continue
    columns +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        char,
      )
        ? 2
        : 1
  }
  return columns
}

/** `now`, `42s`, `7m`, `3h12m`, `5d3h`. */
export function humanDuration(ms: number): string {
  const s = Math.floor(Math.abs(ms) / 1000)
  if (s < 1) return 'now'
  if (s < 60) return `${s}s`
  const two = (big: number, unit: string, rest: number, restUnit: string): string =>
    rest === 0 ? `${big}${unit}` : `${big}${unit}${rest}${restUnit}`
  if (s < 3600) return s < 600 ? two(Math.floor(s / 60), 'm', s % 60, 's') : `${Math.floor(s / 60)}m`
  if (s < 86_400) return two(Math.floor(s / 3600), 'h', Math.floor((s % 3600) / 60), 'm')
  return two(Math.floor(s / 86_400), 'd', Math.floor((s % 86_400) / 3600), 'h')
}

/** `812`, `14.2K`, `3.0M`: octets, in steps of 1024. */
export function humanSize(bytes: number): string {
  const units = ['', 'K', 'M', 'G', 'T']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return unit === 0 ? String(bytes) : `${value.toFixed(1)}${units[unit]}`
}

/** Local wall-clock time, `2026-11-24 05:07:15`. */
export function humanTime(ms: number): string {
  const d = new Date(ms)
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
}

export const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`
