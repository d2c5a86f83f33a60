// SPDX-License-Identifier: Apache-2.0
/**
 * Private extensions need no `require`; one that names them is welcome, as `vnd.sun.hold` or as `hold` (spec filters.md
 * 4). They are no capabilities to tell of.
 */
import type { SieveExtension } from '../plugin.ts'
import { ALLOWED_AT, type PrivateName } from './levels.ts'

export function privateExtension(
  name: PrivateName,
  parts: Omit<SieveExtension, 'name' | 'levels'>,
  options: { readonly bare?: boolean } = {},
): readonly SieveExtension[] {
  const levels = ALLOWED_AT[name]
  const own: SieveExtension = { ...parts, name: `vnd.sun.${name}`, hidden: true, always: true, levels }
  return options.bare === false ? [own] : [own, { name, implies: [own.name], hidden: true, always: true, levels }]
}
