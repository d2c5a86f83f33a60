// SPDX-License-Identifier: Apache-2.0
/** Lists that scripts may ask about, RFC 6134: files of the site, and mapping tables. Compared without case. */

export type SiteList =
  | {
      readonly kind: 'file'
      /** In the order of the file. */
      readonly members: readonly string[]
      /** In lower case. */
      readonly known: ReadonlySet<string>
    }
  /** A value that a row takes with the flag `$Y` is a member; nobody can count them. */
  | { readonly kind: 'mapping'; readonly table: string }

/** One value a line; blank lines and those that begin with `#` are none. */
export function parseList(text: string): SiteList {
  const members = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  return { kind: 'file', members, known: new Set(members.map((member) => member.toLowerCase())) }
}
