// SPDX-License-Identifier: Apache-2.0
/** The assertion control, RFC 4528: a modification happens only where the entry fits a filter. */
import { BerWriter, Control, type Filter } from 'ldapts'

/** RFC 4511 §4.1.1: an octet string. */
const OCTET_STRING = 0x04

/** RFC 4528 §3. */
const OID = '1.3.6.1.1.12'

class Assertion extends Control {
  readonly #filter: Filter

  constructor(filter: Filter) {
    // Critical: a server that cannot assert must not change anything.
    super(OID, { critical: true })
    this.#filter = filter
  }

  protected override writeControl(writer: BerWriter): void {
    // The value of the control is the filter, encoded by itself.
    const inner = new BerWriter()
    this.#filter.write(inner)
    writer.writeBuffer(inner.buffer, OCTET_STRING)
  }
}

export const assertion = (filter: Filter): Control => new Assertion(filter)
