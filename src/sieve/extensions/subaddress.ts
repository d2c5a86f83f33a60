// SPDX-License-Identifier: Apache-2.0
/** `:user` and `:detail`, RFC 5233. Without a separator there is no detail at all, and the user is the local part. */
import type { ConfigKey, SieveExtension } from '../plugin.ts'
import type { RunContext } from '../run-context.ts'

/** `separators`: of several the one that comes first in the address counts. */
export const SUBADDRESS_CONFIG: ConfigKey<{ readonly separators: readonly string[] }> = {
  extension: 'subaddress',
  defaults: { separators: ['+'] },
  read(value) {
    const separators =
      typeof value === 'object' && value !== null && 'separators' in value ? value.separators : undefined
    if (!Array.isArray(separators) || !separators.every((s) => typeof s === 'string' && s !== ''))
      throw new Error('subaddress: separators is a list of texts')
    return { separators }
  },
}

function split(local: string, ctx: RunContext): { readonly user: string; readonly detail?: string } {
  let at = -1
  let length = 0
  for (const separator of ctx.config(SUBADDRESS_CONFIG).separators) {
    const found = local.indexOf(separator)
    if (found < 0 || (at >= 0 && found >= at)) continue
    at = found
    length = separator.length
  }
  return at < 0 ? { user: local } : { user: local.slice(0, at), detail: local.slice(at + length) }
}

export const SUBADDRESS: SieveExtension = {
  name: 'subaddress',
  addressParts: [
    { name: 'user', part: ({ local }, ctx) => split(local, ctx).user },
    { name: 'detail', part: ({ local }, ctx) => split(local, ctx).detail },
  ],
  config: SUBADDRESS_CONFIG,
}
