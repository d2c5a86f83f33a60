// SPDX-License-Identifier: Apache-2.0
/** The least that RFC 5321 §4.5.3.2.1 to §4.5.3.2.6 asks for, milliseconds: who needs longer is tried again later. */
export const TIMEOUTS = {
  greeting: 300_000,
  mail: 300_000,
  rcpt: 300_000,
  dataInit: 120_000,
  dataBlock: 180_000,
  dataEnd: 600_000,
  /** Not in the RFC: EHLO, STARTTLS, AUTH, RSET. */
  command: 300_000,
  /**
   * Not in the RFC: from the connection to the end of AUTH. A host that is slow at every step must leave time for the
   * next one.
   */
  session: 600_000,
  /** Nobody waits long for a goodbye. */
  quit: 2_000,
} as const
