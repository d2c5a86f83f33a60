// SPDX-License-Identifier: Apache-2.0
/**
 * Texts of replies that clients and log readers know from the historical system, by the names of its options
 * (ERROR_TEXT_…; spec access-control.md 3.3 and 8). Nothing else in Postern writes these sentences.
 */
export const ERROR_TEXT = {
  TRANSACTION_LIMIT_EXCEEDED: 'number of transactions exceeds allowed maximum',
  RECIPIENT_OVER: 'too many recipients specified',
  BLOCK_OVER: (kilobytes: number) => `channel limit of ${kilobytes} kilobytes on message size exceeded`,
  /** No document has the text of this one; it follows BLOCK_OVER. */
  LINE_OVER: (lines: number) => `channel limit of ${lines} lines on message size exceeded`,
} as const
