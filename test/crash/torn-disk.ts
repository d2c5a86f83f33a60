// SPDX-License-Identifier: Apache-2.0
/**
 * A disk in memory that keeps apart what has been synced and what has not: octets of files, and names in directories.
 * At a power cut any of what was not synced may be lost, alone or with others, or be there by half. A sync that failed
 * is never made good by a later one. Every operation that changes something counts, so that a test can stop the world
 * or inject a fault at each one.
 */
import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import type { FileLayer, OpenFile, OpenMode } from '../../src/queue/file-layer.ts'

/** A change that has not been synced. */
type Unsynced = { lied: boolean } & (
  | { readonly what: 'write'; readonly inode: Inode; readonly at: number; readonly bytes: Buffer }
  | { readonly what: 'link'; readonly path: string; readonly inode: Inode | 'directory' }
  | { readonly what: 'unlink'; readonly path: string }
  | { readonly what: 'rename'; readonly from: string; readonly to: string; readonly inode: Inode | 'directory' }
)

interface Inode {
  /** What a power cut leaves. */
  synced: Buffer
  /** What the running system sees. */
  seen: Buffer
}

type Names = Map<string, Inode | 'directory'>

export type Operation = 'create' | 'write' | 'datasync' | 'rename' | 'unlink' | 'mkdir' | 'syncDirectory'

/** `short`: half of it is written, which is no error. `ever`: from then on each operation of this kind fails. */
export interface Fault {
  readonly at: number
  readonly code: 'ENOSPC' | 'EIO' | 'short'
  readonly ever: boolean
}

/** One way in which a power cut can treat what was not synced: what becomes of the change at each place. */
export type Loss = (index: number) => 'kept' | 'lost' | 'first half' | 'second half' | 'zeros'

export class TornDisk {
  readonly #synced: Names
  readonly #seen: Names
  #unsynced: Unsynced[] = []
  readonly diary: Operation[] = []
  #stopAt: number | undefined
  #fault: Fault | undefined
  #faulty: Operation | undefined
  #stop: () => void = () => {}
  /** Resolves when the operation at which the world stops is reached. It is not carried out. */
  readonly stopped = new Promise<void>((resolve) => {
    this.#stop = resolve
  })

  constructor(options: { readonly names?: Names; readonly stopAt?: number; readonly fault?: Fault } = {}) {
    this.#synced = options.names ?? new Map([['/', 'directory']])
    this.#seen = new Map(this.#synced)
    this.#stopAt = options.stopAt
    this.#fault = options.fault
  }

  get unsynced(): number {
    return this.#unsynced.length
  }

  /** Whether a sync of this change failed. */
  lied(index: number): boolean {
    return this.#unsynced[index]?.lied === true
  }

  /** The disk as it is found after the power cut. */
  after(loss: Loss): TornDisk {
    const inodes = new Map<Inode, Inode>()
    const copy = (inode: Inode | 'directory'): Inode | 'directory' => {
      if (inode === 'directory') return inode
      const known = inodes.get(inode)
      if (known !== undefined) return known
      const found = { synced: Buffer.from(inode.synced), seen: inode.synced }
      inodes.set(inode, found)
      return found
    }
    const names: Names = new Map([...this.#synced].map(([path, inode]) => [path, copy(inode)]))
    for (const [index, change] of this.#unsynced.entries()) {
      const fate = loss(index)
      if (fate === 'lost') continue
      if (change.what === 'write') {
        const inode = copy(change.inode)
        if (inode !== 'directory') inode.synced = written(inode.synced, change.at, partOf(change.bytes, fate))
      } else if (change.what === 'link') names.set(change.path, copy(change.inode))
      else if (change.what === 'unlink') names.delete(change.path)
      else {
        names.delete(change.from)
        names.set(change.to, copy(change.inode))
      }
    }
    for (const inode of inodes.values()) inode.seen = inode.synced
    // What lies in a directory goes with its name.
    for (const path of names.keys()) if (path !== '/' && !isThere(names, dirname(path))) names.delete(path)
    return new TornDisk({ names })
  }

  /** Only the process has died: the next one sees everything, and nothing more is synced than was. */
  restart(): void {
    this.#stopAt = undefined
    this.#fault = undefined
    this.#faulty = undefined
  }

  /** Equal for equal disks. */
  picture(): string {
    const hash = createHash('sha1')
    for (const [path, inode] of [...this.#synced].sort(([a], [b]) => (a < b ? -1 : 1))) {
      hash.update(`\n${path}\n`)
      if (inode !== 'directory') hash.update(inode.synced)
    }
    return hash.digest('base64')
  }

  readonly layer: FileLayer = {
    open: (path, mode) => this.#open(path, mode),
    rename: (from, to) =>
      this.#do('rename', () => {
        const inode = this.#named(from)
        this.#seen.delete(from)
        this.#seen.set(to, inode)
        this.#unsynced.push({ what: 'rename', from, to, inode, lied: false })
      }),
    unlink: (path) =>
      this.#do('unlink', () => {
        this.#named(path)
        this.#seen.delete(path)
        this.#unsynced.push({ what: 'unlink', path, lied: false })
      }),
    list: async (directory) => {
      this.#named(directory)
      return [...this.#seen.keys()].filter((path) => path !== '/' && dirname(path) === directory).map(nameOf)
    },
    makeDirectory: async (path) => {
      if (this.#seen.has(path)) return
      await this.#do('mkdir', () => {
        this.#seen.set(path, 'directory')
        this.#unsynced.push({ what: 'link', path, inode: 'directory', lied: false })
      })
    },
    syncDirectory: (path) =>
      this.#sync('syncDirectory', (change) => {
        if (change.what === 'write') return false
        return change.what === 'rename'
          ? dirname(change.from) === path || dirname(change.to) === path
          : dirname(change.path) === path
      }),
  }

  async #open(path: string, mode: OpenMode): Promise<OpenFile> {
    if (mode === 'create') {
      await this.#do('create', () => {
        if (this.#seen.has(path)) throw failure('EEXIST', path)
        const inode = { synced: Buffer.alloc(0), seen: Buffer.alloc(0) }
        this.#seen.set(path, inode)
        this.#unsynced.push({ what: 'link', path, inode, lied: false })
      })
    }
    const inode = this.#named(path)
    if (inode === 'directory') throw failure('EISDIR', path)
    return {
      write: (bytes, position) => this.#write(inode, bytes, position),
      read: async (into, position) => {
        const piece = inode.seen.subarray(position, position + into.length)
        into.set(piece)
        return piece.length
      },
      size: async () => inode.seen.length,
      datasync: () => this.#sync('datasync', (change) => change.what === 'write' && change.inode === inode),
      close: async () => {},
    }
  }

  async #write(inode: Inode, bytes: Uint8Array, at: number): Promise<number> {
    const put = (count: number): number => {
      const piece = Buffer.from(bytes.subarray(0, count))
      inode.seen = written(inode.seen, at, piece)
      this.#unsynced.push({ what: 'write', inode, at, bytes: piece, lied: false })
      return count
    }
    return await this.#do(
      'write',
      () => put(bytes.length),
      () => put(Math.ceil(bytes.length / 2)),
    )
  }

  async #sync(operation: Operation, covers: (change: Unsynced) => boolean): Promise<void> {
    const lie = (): void => {
      for (const change of this.#unsynced) if (covers(change)) change.lied = true
    }
    await this.#do(
      operation,
      () => {
        this.#unsynced = this.#unsynced.filter((change) => {
          if (!covers(change) || change.lied) return true
          this.#settle(change)
          return false
        })
      },
      lie,
    )
  }

  #settle(change: Unsynced): void {
    if (change.what === 'write') change.inode.synced = written(change.inode.synced, change.at, change.bytes)
    else if (change.what === 'link') this.#synced.set(change.path, change.inode)
    else if (change.what === 'unlink') this.#synced.delete(change.path)
    else {
      this.#synced.delete(change.from)
      this.#synced.set(change.to, change.inode)
    }
  }

  /** @param partly what is done of it when it fails */
  async #do<T>(operation: Operation, whole: () => T, partly: () => T | undefined = () => undefined): Promise<T> {
    const index = this.diary.length
    if (index === this.#stopAt) this.#stop()
    if (this.#stopAt !== undefined && index >= this.#stopAt) return await new Promise<T>(() => {})
    this.diary.push(operation)
    await Promise.resolve()
    const fault = this.#fault
    if (fault?.at === index && fault.ever) this.#faulty = operation
    if (fault !== undefined && (fault.at === index || this.#faulty === operation)) {
      const done = partly()
      if (fault.code !== 'short') throw failure(fault.code, operation)
      if (done !== undefined) return done
    }
    return whole()
  }

  #named(path: string): Inode | 'directory' {
    const inode = this.#seen.get(path)
    if (inode === undefined) throw failure('ENOENT', path)
    return inode
  }
}

const isThere = (names: Names, path: string): boolean =>
  path === '/' || (names.has(path) && isThere(names, dirname(path)))

function written(before: Buffer, at: number, bytes: Uint8Array): Buffer {
  const after = Buffer.alloc(Math.max(before.length, at + bytes.length))
  after.set(before)
  after.set(bytes, at)
  return after
}

function partOf(bytes: Buffer, fate: ReturnType<Loss>): Buffer {
  const half = bytes.length >> 1
  switch (fate) {
    case 'first half':
      return bytes.subarray(0, half)
    case 'second half':
      return Buffer.concat([Buffer.alloc(half), bytes.subarray(half)])
    case 'zeros':
      return Buffer.alloc(bytes.length)
    default:
      return bytes
  }
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const failure = (code: string, what: string): Error => Object.assign(new Error(`${code}: ${what}`), { code })

/** All is lost, all is there, and there is only what a failed sync was to make durable. */
export const fewLosses = (disk: TornDisk): readonly Loss[] => [
  () => 'lost',
  () => 'kept',
  (index) => (disk.lied(index) ? 'kept' : 'lost'),
]

/** Every way in which a power cut may treat `count` changes: the ends, each alone, each missing, each torn, each prefix. */
export function losses(count: number): readonly Loss[] {
  const all: Loss[] = [() => 'lost', () => 'kept', () => 'zeros', () => 'first half', () => 'second half']
  for (let i = 0; i < count; i++) {
    all.push(
      (index) => (index === i ? 'kept' : 'lost'),
      (index) => (index === i ? 'lost' : 'kept'),
      (index) => (index === i ? 'first half' : 'kept'),
      (index) => (index === i ? 'second half' : 'kept'),
      (index) => (index === i ? 'zeros' : 'kept'),
      (index) => (index <= i ? 'kept' : 'lost'),
    )
  }
  return all
}
