// SPDX-License-Identifier: Apache-2.0
/**
 * Who is inside may relay (design 2.10), so an INTERNAL_IP table that takes strangers in makes an open relay: refused
 * when it says `$Y` to half of a sample of the Internet. And a warning where it makes `networks.own` idle.
 */
import { answer, runMapping } from '../../mapping/index.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { CONFIG_FILE } from '../files.ts'
import type { ConfigInput } from '../input.ts'
import { valueAt } from '../input.ts'
import { placeOf } from '../place.ts'
import type { SiteTables } from '../site-tables.ts'
import type { YamlSource } from '../yaml-source.ts'

const TABLE = 'INTERNAL_IP'

/** Addresses all over what is routed; no site has many of them. None is private, and none of a documentation prefix. */
const IPV4 = Array.from(
  { length: 16 },
  (_, i) =>
    `${[3, 17, 31, 45, 62, 77, 84, 91, 104, 118, 133, 146, 159, 185, 201, 217][i]}.${7 * i + 5}.${11 * i + 2}.${13 * i + 1}`,
)
const IPV6 = [
  '2001:4860:4860::8888',
  '2400:cb00::1',
  '2600:1406::2',
  '2607:f8b0::3',
  '2800:68::4',
  '2a00:1450::5',
  '2a02:26f0::6',
  '2c0f:fb50::7',
]

export function checkInternalIp({ mappings }: SiteTables, source: YamlSource, input: ConfigInput): Diagnostic[] {
  if (mappings.table(TABLE) === undefined) return []
  const diagnostics: Diagnostic[] = []
  for (const [family, sample] of [
    ['IPv4', IPV4],
    ['IPv6', IPV6],
  ] as const) {
    const inside = sample.flatMap((address) => insideBy(mappings, address) ?? [])
    const [row] = inside
    if (row === undefined || 2 * inside.length < sample.length) continue
    diagnostics.push({
      code: 'open-relay',
      severity: 'error',
      file: row.file,
      line: row.line,
      column: row.column,
      message: `${TABLE} takes ${inside.length} of ${sample.length} ${family} addresses all over the Internet for inside`,
      reason: 'whoever is inside may send anywhere through this server, without signing in',
      fix: 'give $Y to the networks of your own machines, and end the table with a row `*  $N`',
    })
  }
  const own = valueAt(input.value, ['networks', 'own'])
  if (Array.isArray(own) && own.length > 0)
    diagnostics.push({
      code: 'no-effect',
      severity: 'warning',
      file: CONFIG_FILE,
      ...placeOf(source, input, ['networks', 'own'], 'key'),
      message: '`networks.own` does not say who is inside: the mapping table INTERNAL_IP does',
      fix: 'move the networks into the table, each as a row $(192.0.2.0/24) $Y, or remove the table',
    })
  return diagnostics
}

/** The row that takes the address in. What cannot be answered without a server takes nobody in here. */
function insideBy(mappings: SiteTables['mappings'], address: string) {
  const result = answer(runMapping(mappings, TABLE, address), {
    random: ({ octets }) => 'ff'.repeat(octets),
    'mapping.call': () => ({ kind: 'unknown' }),
  })
  if (result instanceof Promise || result.kind === 'deferred' || result.failed) return undefined
  return result.flags.includes('Y') && !result.flags.includes('N') ? result.row : undefined
}
