// SPDX-License-Identifier: Apache-2.0
/** Bounds of a session that are not settings, and why they are what they are. */
import type { ReaderLimits } from './grammar.ts'

/** A command, its name and two quoted strings with every octet escaped; nobody writes longer lines. */
const LINE_OCTETS = 8192
/** Before sign-in there is nothing larger than a response of SASL: 4096 octets in base64, with the command's name. */
const UNKNOWN_KEPT_OCTETS = 6144
/** A script that is too large is read to its end up to this many times the largest, so that its owner hears why. */
const READ_FACTOR = 16

export const readerLimits = (signedIn: boolean, scriptSize: number): ReaderLimits =>
  signedIn
    ? {
        lineOctets: LINE_OCTETS,
        // A literal for the script, and one for its name.
        keptOctets: scriptSize + 2 * LINE_OCTETS,
        readOctets: READ_FACTOR * scriptSize,
      }
    : { lineOctets: LINE_OCTETS, keptOctets: UNKNOWN_KEPT_OCTETS, readOctets: UNKNOWN_KEPT_OCTETS }

/** A change is tried so many times when other sessions of the same person change rules at the same time. */
export const MAX_CHANGE_TRIES = 5
/** The wait behind failed sign-ins grows up to this many times the setting. */
export const MAX_FAILURE_DELAYS = 4
