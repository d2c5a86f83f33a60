// SPDX-License-Identifier: Apache-2.0
/**
 * A revision on disk: the files it was made of, copied as they were read into `revisions/ID/`, with a manifest
 * (design 2.3). Workers load from there, so all of them have the same policy however the site's own files change
 * meanwhile. Holds private keys and passwords: readable by the server's account alone.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import type { ConfigFile, ReadConfigFile } from './files.ts'
import type { ListFolder } from './global-scripts.ts'
import { type Loaded, type LoadOptions, loadRevision } from './load.ts'
import type { LoadedRevision } from './where.ts'

const MANIFEST = 'manifest.json'
const FORMAT = 1

const Manifest = z.strictObject({
  format: z.literal(FORMAT),
  id: z.string(),
  /** The configuration directory the files came from: relative paths are still relative to it. */
  directory: z.string(),
  files: z.array(
    z.strictObject({
      role: z.enum([
        'config',
        'aliases',
        'certificate',
        'key',
        'password',
        'ca',
        'mappings',
        'general',
        'filter',
        'global-filter',
        'list',
      ]),
      name: z.string(),
      path: z.string(),
      mode: z.int(),
      /** Name of the copy. */
      copy: z.string(),
    }),
  ),
})

/** Writes the revision below `revisions` unless it is there, and gives its folder. All or nothing, synced. */
export async function saveRevision(revision: LoadedRevision, revisions: string): Promise<string> {
  const folder = join(revisions, revision.id)
  if (await isSaved(folder)) return folder
  const temporary = join(revisions, `${revision.id}.new`)
  await rm(temporary, { recursive: true, force: true })
  await mkdir(temporary, { recursive: true, mode: 0o700 })
  const files = [...revision.files.values()].map((file, i) => ({ file, copy: String(i).padStart(4, '0') }))
  for (const { file, copy } of files) await writeSynced(join(temporary, copy), file.bytes)
  const manifest: z.input<typeof Manifest> = {
    format: FORMAT,
    id: revision.id,
    directory: revision.directory,
    files: files.map(({ file: { role, name, path, mode }, copy }) => ({ role, name, path, mode, copy })),
  }
  await writeSynced(join(temporary, MANIFEST), JSON.stringify(manifest))
  await syncFolder(temporary)
  // What is there without a manifest is a copy that a crash cut short.
  await rm(folder, { recursive: true, force: true })
  await rename(temporary, folder)
  await syncFolder(revisions)
  return folder
}

/** Loads a saved revision, with the diagnostics it had. @throws Error when the copy is damaged */
export async function loadSavedRevision(folder: string, options: Omit<LoadOptions, 'read' | 'list'>): Promise<Loaded> {
  const manifest = Manifest.parse(JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')))
  const files = new Map<string, ConfigFile>()
  for (const { copy, ...file } of manifest.files)
    files.set(file.path, { ...file, bytes: await readFile(join(folder, copy)) })
  const read: ReadConfigFile = async (_directory, _role, path) => {
    const file = files.get(path)
    return file === undefined ? { kind: 'absent' } : { kind: 'read', file }
  }
  const list: ListFolder = async (folderOfSite) =>
    manifest.files.flatMap(({ role, path }) =>
      role === 'global-filter' && dirname(path) === folderOfSite ? [basename(path)] : [],
    )
  const loaded = await loadRevision(manifest.directory, { ...options, read, list })
  if (loaded.revision !== undefined && loaded.revision.id !== manifest.id)
    throw new Error(`${folder} holds another revision: ${loaded.revision.id}`)
  return loaded
}

/** Deletes saved revisions that nobody uses. @param keep names of folders */
export async function removeRevisions(revisions: string, keep: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(revisions).catch(() => []))
    if (!keep.has(name)) await rm(join(revisions, name), { recursive: true, force: true })
}

async function isSaved(folder: string): Promise<boolean> {
  try {
    await using _ = await open(join(folder, MANIFEST), 'r')
    return true
  } catch {
    return false
  }
}

async function writeSynced(path: string, bytes: string | Uint8Array): Promise<void> {
  await using handle = await open(path, 'w', 0o600)
  await handle.writeFile(bytes)
  await handle.sync()
}

async function syncFolder(path: string): Promise<void> {
  await using handle = await open(path, 'r')
  await handle.sync()
}
