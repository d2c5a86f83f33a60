// SPDX-License-Identifier: Apache-2.0
/**
 * The directory of a site: its alias file first, then the embedded directory. The file is read with the configuration
 * (a revision holds its bytes), so that a reload changes it as one.
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { domainOf, localPartOf, type MailAddress } from '../address/address.ts'
import { addressKey, parseAddress } from '../address/path.ts'
import type { AddressEntry, Member } from '../ask/questions.ts'
import { type AliasFileEntry, type AliasMember, parseAliasFile, parseIncluded } from './alias-file.ts'
import type { Directory } from './directory.ts'

/** Octets of an included file at most. */
const MAX_INCLUDE_BYTES = 1 << 20

export interface AliasFile {
  /** Absolute path. */
  readonly path: string
  /** As traces and diagnostics name it. */
  readonly name: string
}

/** Puts the alias file in front of another directory. A file that is not there is empty. */
export function withAliasFile(file: AliasFile, behind: Directory): Directory {
  const text = readIfThere(file.path)
  const entries = new Map(parseAliasFile(text, file.name).entries.map((entry) => [entry.name, entry]))
  const folder = dirname(file.path)
  const paths = [...entries.values()].flatMap((entry) => entry.members.flatMap((member) => member.include ?? []))
  // Read now, all of them, so that no look-up waits for the disk.
  const included: Included = new Map(
    paths.map((path) => [path, parseIncluded(readIfThere(resolve(folder, path)).slice(0, MAX_INCLUDE_BYTES))]),
  )
  return {
    domain: (domain) => behind.domain(domain),
    password: (login, password) => behind.password(login, password),
    scram: (login) => behind.scram(login),
    address(address) {
      const key = addressKey(address)
      const entry = entries.get(key) ?? entries.get(addressKey(localPartOf(address)))
      if (entry === undefined) return behind.address(address)
      return { kind: 'found', value: groupOf(entry, address, entries, included) }
    },
  }
}

/** Path as written → members. */
type Included = ReadonlyMap<string, readonly AliasMember[]>

function groupOf(
  entry: AliasFileEntry,
  address: MailAddress,
  entries: ReadonlyMap<string, AliasFileEntry>,
  included: Included,
): AddressEntry {
  const here = `@${domainOf(address)}`
  const owner = entries.has(`owner-${entry.name}`) ? parseAddress(`owner-${localPartOf(address)}${here}`) : undefined
  const members = entry.members.flatMap((member) => membersOf(member, here, included))
  return {
    kind: 'group',
    entry: `alias ${entry.name}`,
    at: entry.at,
    members,
    ...(owner === undefined ? {} : { owner }),
  }
}

function membersOf(member: AliasMember, here: string, included: Included): readonly Member[] {
  if (member.pipe !== undefined) return [{ pipe: member.pipe }]
  if (member.include !== undefined) {
    // An included file may not include another, nor name programs: lists are edited by people who may not run any.
    const members = included.get(member.include) ?? []
    return members.flatMap((each) => (each.name === undefined ? [] : membersOf(each, here, included)))
  }
  const address = parseAddress(member.name?.includes('@') ? member.name : `${member.name ?? ''}${here}`)
  return address === undefined ? [] : [{ address }]
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
