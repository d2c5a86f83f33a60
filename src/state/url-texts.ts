// SPDX-License-Identifier: Apache-2.0
/**
 * The text behind a URL of a mapping table, `$]url[` (spec mapping-tables.md 4.8): `file:` URLs are read here, `ldap:`
 * URLs are the directory's matter; any other scheme is nothing.
 *
 * A site builds such URLs with pieces of what strangers sent. So a path that climbs (`..`) is nothing, whatever stands
 * there, and only ordinary files of a moderate size are read.
 */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Lookup } from '../ask/lookup.ts'

/** More than any output of a table may hold. */
const MAX_OCTETS = 64 * 1024

const ABSENT = { kind: 'absent' } as const

/** @param ldapText answers `ldap:` URLs; without it they fail as with a server that is away */
export async function urlText(
  url: string,
  ldapText?: (url: string) => Promise<Lookup<string>>,
): Promise<Lookup<string>> {
  if (/^ldaps?:/i.test(url)) return (await ldapText?.(url)) ?? { kind: 'defer', cause: 'no LDAP server is asked here' }
  const path = pathOf(url)
  if (path === undefined) return ABSENT
  try {
    // Not to hang on a pipe, nor to be led away by a link at the end of the path.
    await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
    const stat = await handle.stat()
    if (!stat.isFile() || stat.size > MAX_OCTETS) return ABSENT
    return { kind: 'found', value: (await handle.readFile('utf8')).replace(/\r?\n$/, '') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR', 'ELOOP', 'ENAMETOOLONG'].includes(code)) return ABSENT
    return { kind: 'defer', cause: error instanceof Error ? error.message : String(error) }
  }
}

/** The absolute path of a `file:` URL as it is written, or `undefined` for what none should be. */
function pathOf(url: string): string | undefined {
  const m = /^file:(?:\/\/(?:localhost)?)?(\/[^?#]*)$/i.exec(url)
  if (m?.[1] === undefined || /%(?:2f|00)/i.test(url)) return undefined
  const segments = m[1].split('/').map((segment) => segment.replace(/%2e/gi, '.'))
  if (segments.some((segment) => segment === '..' || segment === '.')) return undefined
  try {
    return fileURLToPath(`file://${m[1]}`)
  } catch {
    return undefined
  }
}
