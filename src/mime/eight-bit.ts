// SPDX-License-Identifier: Apache-2.0
/** Whether there is more than RFC 5322's 7 bits in it (RFC 6152). */
export const isEightBit = (bytes: Uint8Array): boolean => bytes.some((octet) => octet > 0x7f)
