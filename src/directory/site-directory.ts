// SPDX-License-Identifier: Apache-2.0
/**
 * The directory of a site: its alias file first, then another directory. The file and what it includes are read when
 * this is made, so that a reload changes them as one and no look-up waits for the disk. A list that could not be read
 * defers: its members are unknown, not nobody.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { domainOf, localPartOf, type MailAddress } from '../address/address.ts'
import { addressKey, parseAddress } from '../address/path.ts'
import type { Lookup } from '../ask/lookup.ts'
import type { AddressEntry, Member } from '../ask/questions.ts'
import { type AliasFileEntry, type AliasMember, parseAliasFile, parseIncluded } from './alias-file.ts'
import type { Directory } from './directory.ts'
import { listAccess } from './list-parameters.ts'

/** Octets of an included file; a longer one is not read at all, lest half a list gets a message. */
export const MAX_INCLUDE_BYTES = 1 << 20

export interface AliasFile {
  /** Absolute path. */
  readonly path: string
  /** As traces and diagnostics name it. */
  readonly name: string
}

/**
 * Puts the alias file in front of another directory. A file that is not there is empty.
 * @throws Error when it is there and cannot be read
 */
export function withAliasFile(file: AliasFile, behind: Directory): Directory {
  const entries = new Map<string, AliasFileEntry>()
  for (const entry of parseAliasFile(readIfThere(file.path), file.name).entries)
    entries.set(addressKey(entry.name), entry)
  const folder = dirname(file.path)
  const included = new Map<string, Included>()
  for (const { members } of entries.values())
    for (const member of members)
      if ('include' in member && !included.has(member.include))
        included.set(member.include, readIncluded(resolve(folder, member.include)))
  for (const { parameters } of entries.values())
    for (const { value } of parameters.filter(({ parameter }) => parameter.endsWith('_LIST')))
      if (!included.has(value)) included.set(value, readIncluded(resolve(folder, value)))
  const find = (address: MailAddress): AliasFileEntry | undefined =>
    entries.get(addressKey(address)) ?? entries.get(addressKey(localPartOf(address)))

  return {
    domain: (domain) => behind.domain(domain),
    attribute: (domain, attribute) => behind.attribute(domain, attribute),
    password: (login, password) => behind.password(login, password),
    scram: (login) => behind.scram(login),
    filters: (user, domain) => behind.filters(user, domain),
    address(address, options) {
      const entry = options?.mailbox === true ? undefined : find(address)
      return entry === undefined ? behind.address(address, options) : groupOf(entry, address, find, included)
    },
  }
}

type Included = { readonly names: readonly string[] } | { readonly cause: string }

function groupOf(
  entry: AliasFileEntry,
  address: MailAddress,
  find: (address: MailAddress) => AliasFileEntry | undefined,
  included: ReadonlyMap<string, Included>,
): Lookup<AddressEntry> {
  const domain = domainOf(address)
  const members: Member[] = []
  const add = (name: string): void => {
    const member = parseAddress(name.includes('@') ? name : `${name}@${domain}`) ?? parseAddress(`${name}@${domain}`)
    if (member !== undefined) members.push({ address: member })
  }
  for (const member of entry.members) {
    if ('pipe' in member) members.push({ pipe: member.pipe })
    else if ('name' in member) add(member.name)
    else {
      const list = includedOf(member, included)
      if ('cause' in list) return { kind: 'defer', cause: `alias ${entry.name}: ${list.cause}` }
      for (const name of list.names) add(name)
    }
  }
  if (members.length === 0 && !entry.members.some((member) => 'include' in member))
    return { kind: 'defer', cause: `alias ${entry.name}: no member could be read` }
  const ownerName = parseAddress(`owner-${localPartOf(address)}@${domain}`)
  const owner = ownerName !== undefined && find(ownerName) !== undefined ? { owner: ownerName } : {}
  const access = listAccess(entry.parameters, (file) => includedOf({ include: file }, included))
  const may = access === undefined ? {} : { access }
  return {
    kind: 'found',
    value: { kind: 'group', entry: `alias ${entry.name}`, at: entry.at, members, ...owner, ...may },
  }
}

const includedOf = (
  { include }: AliasMember & { include: string },
  included: ReadonlyMap<string, Included>,
): Included => included.get(include) ?? { cause: `${include} was not read` }

function readIncluded(path: string): Included {
  try {
    const text = readBounded(path)
    if (text === undefined) return { cause: `${path} has more than ${MAX_INCLUDE_BYTES} octets` }
    const { names, problems } = parseIncluded(text)
    // What was understood is used; a line that was not is one member less, and `check` of the file tells.
    return names.length === 0 && problems.length > 0 ? { cause: `${path}: ${problems[0]?.message}` } : { names }
  } catch (error) {
    return { cause: error instanceof Error ? error.message : String(error) }
  }
}

function readBounded(path: string): string | undefined {
  const file = openSync(path, 'r')
  try {
    const octets = Buffer.alloc(MAX_INCLUDE_BYTES + 1)
    let length = 0
    for (let got = -1; got !== 0 && length < octets.length; length += got)
      got = readSync(file, octets, length, octets.length - length, null)
    return length > MAX_INCLUDE_BYTES ? undefined : octets.toString('utf8', 0, length)
  } finally {
    closeSync(file)
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
