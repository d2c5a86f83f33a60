// SPDX-License-Identifier: Apache-2.0
/** The files that belong to a configuration: which they are, read once, within bounds. */
import { open } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import type { DiagnosticCode } from './codes.ts'
import type { Diagnostic } from './diagnostic.ts'
import { type ConfigInput, valueAt } from './input.ts'
import { isRecord } from './json-schema.ts'
import { placeOf } from './place.ts'
import type { Path, YamlSource } from './yaml-source.ts'

export const CONFIG_FILE = 'postern.yaml'

export type FileRole =
  | 'config'
  | 'aliases'
  | 'certificate'
  | 'key'
  | 'password'
  | 'ca'
  | 'mappings'
  | 'general'
  | 'filter'
  | 'global-filter'
  | 'list'

/** Octets a file of each role may have: far more than any site needs, far less than would hurt. */
const MAX_BYTES: Readonly<Record<FileRole, number>> = {
  config: 4 << 20,
  aliases: 64 << 20,
  certificate: 1 << 20,
  key: 1 << 20,
  password: 4096,
  ca: 16 << 20,
  mappings: 64 << 20,
  general: 64 << 20,
  filter: 1 << 20,
  'global-filter': 1 << 20,
  list: 4 << 20,
}

/** Used whenever it exists, spec filters.md 1. */
export const MTA_FILTER = 'filters/mta.sieve'
/** The filter of a channel as destination, where it names none. */
export const channelFilter = (channel: string): string => `filters/channel-${channel}.sieve`

/** Files that need not be there. */
const OPTIONAL: ReadonlySet<FileRole> = new Set<FileRole>(['aliases', 'mappings', 'general', 'filter'])

export interface ConfigFile {
  readonly role: FileRole
  /** Relative to the configuration directory where it lies inside, else absolute. */
  readonly name: string
  readonly path: string
  readonly bytes: Buffer
  /** Permission bits. */
  readonly mode: number
}

/** A file that a setting names. */
export interface NamedFile {
  readonly role: FileRole
  readonly setting: Path
  readonly path: string
  readonly optional: boolean
}

export function namedFiles(directory: string, input: ConfigInput): NamedFile[] {
  const files: NamedFile[] = []
  const add = (role: FileRole, setting: Path, byDefault?: string): void => {
    const written = valueAt(input.value, setting)
    const named = written ?? byDefault
    // A filter that a site names has to be there, but for the usual name: without it mail would pass unfiltered.
    const optional = OPTIONAL.has(role) && !(role === 'filter' && named !== byDefault)
    if (typeof named === 'string') files.push({ role, setting, path: resolve(directory, named), optional })
  }
  add('aliases', ['directory', 'aliases'], 'aliases')
  add('password', ['directory', 'ldap', 'passwordFile'])
  add('ca', ['directory', 'ldap', 'ca'])
  add('password', ['srs', 'secretsFile'])
  add('mappings', ['access', 'mappings'], 'mappings')
  add('general', ['access', 'general'], 'general.txt')
  add('certificate', ['tls', 'certificate'])
  add('key', ['tls', 'key'])
  add('filter', ['filters', 'mta'], MTA_FILTER)
  const lists = valueAt(input.value, ['filters', 'lists'])
  for (const name of isRecord(lists) ? Object.keys(lists) : []) add('list', ['filters', 'lists', name, 'file'])
  const channels = valueAt(input.value, ['channels'])
  for (const name of isRecord(channels) ? Object.keys(channels) : []) {
    add('filter', ['channels', name, 'sourceFilter'])
    // The old name of the same keyword.
    if (valueAt(input.value, ['channels', name, 'channelFilter']) === undefined)
      add('filter', ['channels', name, 'destinationFilter'], channelFilter(name))
    else add('filter', ['channels', name, 'channelFilter'])
    add('password', ['channels', name, 'login', 'passwordFile'])
    add('ca', ['channels', name, 'tlsCa'])
  }
  return files
}

export type ReadResult =
  | { readonly kind: 'read'; readonly file: ConfigFile }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly code: DiagnosticCode; readonly why: string }

/** @param path absolute; `directory` only gives the file its name */
export type ReadConfigFile = (directory: string, role: FileRole, path: string) => Promise<ReadResult>

export async function readConfigFile(directory: string, role: FileRole, path: string): Promise<ReadResult> {
  const inside = relative(directory, path)
  const name = inside.startsWith('..') ? path : inside
  try {
    await using handle = await open(path, 'r')
    const stat = await handle.stat()
    if (!stat.isFile()) return { kind: 'refused', code: 'file-unreadable', why: 'it is not a file' }
    const limit = MAX_BYTES[role]
    const buffer = Buffer.alloc(Math.min(stat.size, limit) + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
      length += bytesRead
      if (bytesRead === 0 || length === buffer.length) break
    }
    if (length > limit) return { kind: 'refused', code: 'file-too-large', why: `it has more than ${limit} octets` }
    const bytes = buffer.subarray(0, length)
    return { kind: 'read', file: { role, name, path, bytes, mode: stat.mode & 0o777 } }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' }
    return { kind: 'refused', code: 'file-unreadable', why: error instanceof Error ? error.message : String(error) }
  }
}

/** The text of a file, or the first line that is not UTF-8. A byte order mark is taken off. */
export function decodeText(bytes: Buffer): { readonly text: string } | { readonly badLine: number } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    let line = 1
    for (let start = 0; start < bytes.length; line++) {
      const end = bytes.indexOf(10, start)
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end === -1 ? bytes.length : end))
      } catch {
        return { badLine: line }
      }
      if (end === -1) break
      start = end + 1
    }
    return { badLine: line }
  }
}

/** Reads every file that settings name, each once; what is missing is reported at the setting. */
export async function readNamedFiles(
  directory: string,
  source: YamlSource,
  input: ConfigInput,
  readFile: ReadConfigFile,
): Promise<{ files: { named: NamedFile; file: ConfigFile }[]; diagnostics: Diagnostic[] }> {
  const files: { named: NamedFile; file: ConfigFile }[] = []
  const diagnostics: Diagnostic[] = []
  const read = new Map<string, Promise<ReadResult>>()
  for (const named of namedFiles(directory, input)) {
    const result = read.get(named.path) ?? readFile(directory, named.role, named.path)
    read.set(named.path, Promise.resolve(result))
    const done = await result
    if (done.kind === 'read') files.push({ named, file: done.file })
    if (done.kind === 'read' || (done.kind === 'absent' && named.optional)) continue
    const what = `\`${named.setting.join('.')}\` names ${named.path}`
    diagnostics.push({
      code: done.kind === 'absent' ? 'file-missing' : done.code,
      severity: 'error',
      file: source.file,
      ...placeOf(source, input, named.setting, 'value'),
      message: done.kind === 'absent' ? `${what}, which is not there` : `${what}, which cannot be read: ${done.why}`,
    })
  }
  return { files, diagnostics }
}
