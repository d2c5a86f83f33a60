// SPDX-License-Identifier: Apache-2.0
import { isAscii } from 'node:buffer'

/** Whether there is more than RFC 5322's 7 bits in it (RFC 6152). */
export const isEightBit = (bytes: Uint8Array): boolean => !isAscii(bytes)
