// SPDX-License-Identifier: Apache-2.0
/**
 * The settings that tools need to find a server, its spool and its directory, read without judging the rest: `postern
 * status` has to work while somebody is in the middle of an edit. Does not load the schema.
 */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { type SpoolPaths, spoolPaths } from './spool-paths.ts'

export interface Peek {
  readonly directory: string
  readonly control: string
  readonly spool: string
  readonly paths: SpoolPaths
  /** `directory.ldap` is there, whatever it says: the embedded directory is not asked. */
  readonly ldap: boolean
}

/** `undefined` when there is no postern.yaml, or it is not YAML at all. */
export async function peek(directory: string): Promise<Peek | undefined> {
  const root = resolve(directory)
  let text: string
  try {
    text = await readFile(join(root, 'postern.yaml'), 'utf8')
  } catch {
    return undefined
  }
  const document = parseDocument(text, { logLevel: 'silent', prettyErrors: false })
  if (document.errors.length > 0) return undefined
  const named = (key: string, byDefault: string): string => {
    const value: unknown = document.getIn(['server', key])
    return resolve(root, typeof value === 'string' ? value : byDefault)
  }
  const spool = named('spool', 'spool')
  const ldap = document.getIn(['directory', 'ldap']) != null
  return { directory: root, control: named('control', 'control.sock'), spool, paths: spoolPaths(spool), ldap }
}
