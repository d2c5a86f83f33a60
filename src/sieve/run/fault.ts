// SPDX-License-Identifier: Apache-2.0
/** Why a run ends before its script does. Thrown within commands, caught once where the program is run. */
import type { Place } from '../place.ts'

export class SieveFault extends Error {
  override readonly name = 'SieveFault'
  readonly kind: 'error' | 'limit' | 'deferred' | 'aborted'
  readonly code: string
  readonly place: Place | undefined

  constructor(kind: SieveFault['kind'], code: string, message: string, place?: Place) {
    super(message)
    this.kind = kind
    this.code = code
    this.place = place
  }
}
