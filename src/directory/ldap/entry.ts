// SPDX-License-Identifier: Apache-2.0
/** An entry of an LDAP server, as the parts here read it: texts by attribute, names without regard to case. */

export interface LdapEntry {
  readonly dn: string
  /** By attribute in lower case. Values that are not UTF-8 are not there. */
  readonly values: ReadonlyMap<string, readonly string[]>
  /** About as many octets as it takes in memory. */
  readonly size: number
}

/** @param attributes as the library gives them: one value, or several, or octets where one is not UTF-8 */
export function entryOf(dn: string, attributes: Iterable<readonly [string, unknown]>): LdapEntry {
  const values = new Map<string, readonly string[]>()
  let size = 200 + dn.length
  for (const [name, given] of attributes) {
    const texts = (Array.isArray(given) ? given : [given]).flatMap((value: unknown) => {
      if (typeof value === 'string') return [value]
      const text = value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined
      return text === undefined || text.includes('\ufffd') ? [] : [text]
    })
    // Options (`cn;lang-de`) name variants that nobody here asks for.
    if (texts.length > 0 && !name.includes(';')) values.set(name.toLowerCase(), texts)
    for (const text of texts) size += 100 + 2 * text.length
  }
  return { dn, values, size }
}

export const allOf = (entry: LdapEntry, attribute: string): readonly string[] =>
  entry.values.get(attribute.toLowerCase()) ?? []

export const firstOf = (entry: LdapEntry, attribute: string): string | undefined => allOf(entry, attribute)[0]

/** Compares as object classes do, without regard to case. */
export const isOneOf = (entry: LdapEntry, classes: readonly string[]): boolean => {
  const own = new Set(allOf(entry, 'objectClass').map((name) => name.toLowerCase()))
  return classes.some((name) => own.has(name.toLowerCase()))
}
