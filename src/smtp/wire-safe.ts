// SPDX-License-Identifier: Apache-2.0
/** May this text be written into a command? No CR, LF or NUL, whoever made it. */
export const wireSafe = (text: string): boolean => !/[\r\n\0]/.test(text)
