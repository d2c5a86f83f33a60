// SPDX-License-Identifier: Apache-2.0
/** How long a delivery to a server may take in all; the single waits are fixed (RFC 5321 §4.5.3.2). */
import { duration, size } from './units.ts'

export const patience = {
  deliveryTimeout: duration('1h').describe(
    'Time allowed for one attempt, all hosts and replies together; the content has its own time on top, by minimumRate. Then the message is tried again later.',
  ),
  minimumRate: size('4KiB').describe(
    'Octets a second at which a next hop must take content: deliveryTimeout grows by size / minimumRate. 0 means no limit.',
  ),
}
