// SPDX-License-Identifier: Apache-2.0
/** Reads a Content-Type field, RFC 2045 §5.1. Tolerant; comments and the continuations of RFC 2231 are not read. */

export interface ContentType {
  /** `text/plain`, lower case. */
  readonly type: string
  /** By lower-case name; of a name that stands twice the first. */
  readonly parameters: ReadonlyMap<string, string>
}

/** More parameters than this are not read. */
const MAX_PARAMETERS = 32

/** parameter := attribute "=" value; value := token / quoted-string. Sticky, and without a choice to come back to. */
const PARAMETER = /[ \t]*([!#-'*+.0-9A-Z^-~-]{1,100})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"?|([^\s;"]*))/y

export function parseContentType(value: string): ContentType {
  const [full = ''] = value.split(';', 1)
  const parameters = new Map<string, string>()
  let at = full.length
  for (let n = 0; n < MAX_PARAMETERS && value[at] === ';'; n++) {
    PARAMETER.lastIndex = at + 1
    const match = PARAMETER.exec(value)
    if (match !== null) {
      const [, name = '', quoted, token = ''] = match
      const key = name.toLowerCase()
      if (!parameters.has(key)) parameters.set(key, quoted?.replace(/\\(.)/g, '$1') ?? token)
    }
    const next = value.indexOf(';', match === null ? at + 1 : PARAMETER.lastIndex)
    if (next < 0) break
    at = next
  }
  return { type: full.trim().toLowerCase(), parameters }
}
