// SPDX-License-Identifier: Apache-2.0
/** `$#file|radix|width|m#`: what is asked of the sequence file, and how the number is written. spec mapping-tables.md 4.7. */
import { radixOf } from './unsure.ts'

export interface SequenceNumber {
  readonly file: string
  readonly radix: number
  /** At least so many digits. */
  readonly width: number
  /** The inserted value is the number modulo this; the stored one is not. */
  readonly modulus?: number
}

/** Digits a number may be padded to. */
const WIDEST = 1024

/** `undefined`: it fails, before the file is touched. */
export function parseSequence(argument: string): SequenceNumber | undefined {
  const [file = '', radix = '10', width = '0', modulus, ...more] = argument.split('|')
  const base = radixOf(integer(radix))
  const digits = integer(width)
  if (file === '' || more.length > 0 || !(base >= 2 && base <= 36) || !(digits >= 0 && digits <= WIDEST))
    return undefined
  if (modulus === undefined) return { file, radix: base, width: digits }
  const m = integer(modulus)
  return m > 0 ? { file, radix: base, width: digits, modulus: m } : undefined
}

export function formatSequence({ radix, width, modulus }: SequenceNumber, value: number): string {
  const inserted = modulus === undefined ? value : value % modulus
  return inserted.toString(radix).toUpperCase().padStart(width, '0')
}

const integer = (text: string): number => (/^[+-]?\d{1,15}$/.test(text.trim()) ? Number(text.trim()) : Number.NaN)
