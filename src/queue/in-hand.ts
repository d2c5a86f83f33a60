// SPDX-License-Identifier: Apache-2.0
/**
 * What is being worked on, remembered in a file that survives the process: after a crash the next process reads who
 * was in hand and makes each of them a suspect (design 2.5). Small writes without a sync: the page cache outlives
 * SIGKILL, abort and the out-of-memory killer. A machine that crashed is told by its boot id and counts for nothing.
 *
 * What begins need not be in the file before something looks at what a stranger sent (`note`): until then nothing can
 * crash at it, and one write serves all that began or ended since the last.
 *
 * Whoever was in hand is a suspect, the innocent among them too, and whoever had ended a moment before: that something
 * ended is written with what begins next, or a little later. So suspects are worked on one at a time
 * (`suspectsInHand`), and one that comes through is cleared; what was in hand at three crashes is set aside (policy/poison.ts).
 *
 * Bugs: an operator's SIGKILL looks like a crash. More than SLOTS things in hand at one time are not all remembered.
 */
import type { Crash, Run } from '../ask/crash.ts'
import type { Log } from '../monitor/log.ts'
import { diskInHand, type InHandFiles, type SlotFile } from './in-hand-disk.ts'
import { decodeFile, encodeHeader, MAX_KEY_BYTES, SLOTS, Slots } from './in-hand-file.ts'
import { decodeSuspects, encodeSuspects, type Suspects, withCrashes, worthKeeping } from './suspects.ts'

/** Work under way. Dispose when it has ended, well or badly. */
export interface Hand extends Disposable {
  /** Says what is being done now, for the evidence: `receiving`, `filtering`. Up to 32 octets are kept. */
  at(stage: string): void
  /** To be called before its content is looked at: from here on a crash accuses it. Synchronous, one write at most. */
  note(): void
}

export interface InHand {
  /** Work on this begins. A crash accuses it from `note` on. @throws RangeError for a key over 80 octets */
  begin(key: string, stage?: string): Hand
  /** Crashes of the process while this was in hand, from earlier runs. */
  crashes(key: string): number
  /** Keys that were in hand at a crash and are not cleared yet, with what is known of each crash, oldest first. */
  suspects(): ReadonlyMap<string, readonly Crash[]>
  /** Suspects in hand now, of all kinds; only one should be, so that a crash accuses nobody else. */
  suspectsInHand(): number
  /** Crashes of other processes, to be counted and kept like those found here; one that is known changes nothing. */
  learn(found: readonly { readonly key: string; readonly crash: Crash }[]): void
  /** It came through: no suspect any more. Cheap when it was none. */
  clear(key: string): void
}

/** For where nothing is to be remembered: tools and tests. */
export const nothingInHand: Pick<InHand, 'begin' | 'clear'> = {
  begin: () => ({ at: () => {}, note: () => {}, [Symbol.dispose]: () => {} }),
  clear: () => {},
}

export interface InHandOptions {
  /** The file of slots. The suspects stand beside it, with `.suspects` behind its name. */
  readonly path: string
  readonly run: Run
  /** Wall-clock milliseconds. */
  readonly now: () => number
  readonly log: Log
  readonly files?: InHandFiles
  /** Runs it within a moment, but not now; does not keep the process alive. */
  readonly soon?: (run: () => void) => void
}

/** Whoever ended so long before a crash is accused with the others; under load most slots are taken again before. */
const SOON_MS = 10
const soonByTimer = (run: () => void): void => void setTimeout(run, SOON_MS).unref()

/** Takes over the file. Never throws: where the disk will not have it, nothing is remembered and the log says so. */
export function openInHand(options: InHandOptions): InHand & Disposable {
  const { path, run, now, log, files = diskInHand, soon = soonByTimer } = options
  const suspectsPath = `${path}.suspects`
  const warn = (event: string) => (err: unknown) => log.error(event, { err })
  const keep = (suspects: Suspects): void =>
    attempt(() => files.replace(suspectsPath, encodeSuspects(suspects)), warn('in-hand.suspects-not-written'))

  const known = attempt(() => files.read(suspectsPath, MAX_SUSPECTS_BYTES), warn('in-hand.suspects-unreadable'))
  const before = known === undefined ? new Map<string, readonly Crash[]>() : decodeSuspects(known)
  const left = attempt(() => files.read(path, MAX_FILE_BYTES), warn('in-hand.unreadable'))
  const found = crashesIn(left, options)
  const suspects = worthKeeping(withCrashes(before, found), now())
  // The suspects first: should this process die between the two, the crash is found again and counts once.
  if (found.length > 0 || suspects.size !== before.size) keep(suspects)
  const file = attempt(() => files.create(path, encodeHeader(run)), warn('in-hand.not-written'))
  return new FileInHand({ file, suspects, keep, now, log, soon })
}

/** A file of suspects larger than MAX_SUSPECTS could ever make it is not ours. */
const MAX_SUSPECTS_BYTES = 8 * 1024 * 1024
const MAX_FILE_BYTES = 1024 * 1024

function crashesIn(bytes: Buffer | undefined, { run, now, log }: InHandOptions) {
  const left = bytes === undefined ? undefined : decodeFile(bytes)
  if (left === undefined || left.slots.length === 0) return []
  const { pid, version, startedAt } = left.run
  const fields = { pid, version, startedAt, inHand: left.slots.map(({ key }) => key) }
  if (run.boot === '' || left.run.boot !== run.boot) {
    log.warn('in-hand.machine-restarted', fields)
    return []
  }
  log.error('in-hand.crashed', fields)
  return left.slots.map(({ key, begunAt, stage }) => ({
    key,
    crash: { at: now(), begunAt, run: left.run, ...(stage === undefined ? {} : { stage }) },
  }))
}

class FileInHand implements InHand, Disposable {
  #file: SlotFile | undefined
  #suspects: Map<string, readonly Crash[]>
  readonly #keep: (suspects: Suspects) => void
  readonly #now: () => number
  readonly #log: Log
  /** Slots given back, to be taken first: the used ones stay together at the front. */
  readonly #free: number[] = []
  /** How many were used so far. */
  #used = 0
  readonly #slots = new Slots((bytes, position) => this.#write(bytes, position))
  #sweepDue = false
  readonly #soon: (run: () => void) => void
  #full = false
  #suspectsInHand = 0

  constructor(parts: {
    readonly file: SlotFile | undefined
    readonly suspects: Map<string, readonly Crash[]>
    readonly keep: (suspects: Suspects) => void
    readonly now: () => number
    readonly log: Log
    readonly soon: (run: () => void) => void
  }) {
    this.#file = parts.file
    this.#suspects = parts.suspects
    this.#keep = parts.keep
    this.#now = parts.now
    this.#log = parts.log
    this.#soon = parts.soon
  }

  begin(key: string, stage?: string): Hand {
    if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new RangeError(`a key of over ${MAX_KEY_BYTES} octets: ${key}`)
    const slot = this.#take()
    const suspect = this.#suspects.has(key)
    if (suspect) this.#suspectsInHand++
    if (slot !== undefined) {
      const begunAt = this.#now()
      this.#slots.hold(slot, stage === undefined ? { key, begunAt } : { key, begunAt, stage })
    }
    return new SlotHand(this, slot, suspect)
  }

  /** Of what has this slot. */
  restage(slot: number, stage: string): void {
    this.#slots.restage(slot, stage)
  }

  note(slot: number): void {
    this.#slots.write(slot)
  }

  /** What had this slot, if it had one, has ended. */
  end(slot: number | undefined, suspect: boolean): void {
    if (suspect) this.#suspectsInHand--
    if (slot !== undefined) this.#giveBack(slot)
  }

  crashes(key: string): number {
    return this.#suspects.get(key)?.length ?? 0
  }

  suspects(): ReadonlyMap<string, readonly Crash[]> {
    return this.#suspects
  }

  suspectsInHand(): number {
    return this.#suspectsInHand
  }

  learn(found: readonly { readonly key: string; readonly crash: Crash }[]): void {
    const all = withCrashes(this.#suspects, found)
    if (found.every(({ key }) => all.get(key)?.length === this.#suspects.get(key)?.length)) return
    this.#suspects = worthKeeping(all, this.#now())
    this.#keep(this.#suspects)
  }

  clear(key: string): void {
    if (!this.#suspects.delete(key)) return
    this.#log.info('in-hand.cleared', { key })
    this.#keep(this.#suspects)
  }

  /** A clean stop: nothing is in hand, whatever was not given back. */
  [Symbol.dispose](): void {
    const file = this.#file
    this.#file = undefined
    attempt(
      () => file?.clean(),
      (err) => this.#log.error('in-hand.not-cleaned', { err }),
    )
  }

  #take(): number | undefined {
    const again = this.#free.pop()
    if (again !== undefined) return again
    if (this.#used < SLOTS) return this.#used++
    if (!this.#full) this.#log.warn('in-hand.full', { slots: SLOTS })
    this.#full = true
    return undefined
  }

  #giveBack(slot: number): void {
    this.#free.push(slot)
    this.#slots.free(slot)
    if (this.#sweepDue) return
    this.#sweepDue = true
    this.#soon(() => {
      this.#sweepDue = false
      this.#slots.writeAll()
    })
  }

  #write(bytes: Uint8Array, position: number): void {
    try {
      this.#file?.write(bytes, position)
    } catch (err) {
      // A file that may be wrong accuses the innocent: better none.
      this.#log.error('in-hand.not-written', { err })
      this[Symbol.dispose]()
    }
  }
}

class SlotHand implements Hand {
  readonly #inHand: FileInHand
  readonly #slot: number | undefined
  readonly #suspect: boolean
  #ended = false

  constructor(inHand: FileInHand, slot: number | undefined, suspect: boolean) {
    this.#inHand = inHand
    this.#slot = slot
    this.#suspect = suspect
  }

  at(stage: string): void {
    if (!this.#ended && this.#slot !== undefined) this.#inHand.restage(this.#slot, stage)
  }

  note(): void {
    if (!this.#ended && this.#slot !== undefined) this.#inHand.note(this.#slot)
  }

  [Symbol.dispose](): void {
    if (this.#ended) return
    this.#ended = true
    this.#inHand.end(this.#slot, this.#suspect)
  }
}

function attempt<T>(run: () => T, failed: (error: unknown) => void): T | undefined {
  try {
    return run()
  } catch (error) {
    failed(error)
    return undefined
  }
}
