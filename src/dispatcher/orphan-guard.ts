// SPDX-License-Identifier: Apache-2.0
/**
 * Ends workers that outlive the dispatcher (design 2.4). A worker notices by itself that its link is gone and exits;
 * one that hangs, or is stopped, cannot. So a process beside them reads a pipe from the dispatcher: when that ends
 * without a word, it waits until every healthy worker has gone and kills who is still there. A thread in each worker
 * would not help a stopped one and was measured at 10 MB of memory each; this shell is 0.1 MB for all.
 * A worker is known by its number and the time it began (proc(5), stat), so that nobody else is hit who was given the
 * number later. Linux only; elsewhere it does nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Clock } from '../clock/clock.ts'
import type { Log } from '../monitor/log.ts'

/** Each line of its input is the whole list, `PID:BEGAN …`; an empty one means that there is nobody to end. */
const SCRIPT = `
trap '' HUP INT TERM
list=
while read -r line; do list=$line; done
[ -n "$list" ] || exit 0
sleep "$1"
for one in $list; do
  { read -r stat < "/proc/\${one%:*}/stat"; } 2> /dev/null || continue
  set -- \${stat##*) }
  [ "\${20}" != "\${one#*:}" ] || kill -9 "\${one%:*}"
done
`

const RESTART_MS = 1000

export class OrphanGuard implements Disposable {
  readonly #clock: Clock
  readonly #log: Log
  readonly #patienceMs: number
  readonly #watched = new Map<number, string>()
  #child: ChildProcess | undefined
  #cancel = (): void => {}
  #ended = false

  /** @param patienceMs after the dispatcher's end, for workers to finish what they do */
  constructor(parts: { readonly clock: Clock; readonly log: Log; readonly patienceMs: number }) {
    this.#clock = parts.clock
    this.#log = parts.log
    this.#patienceMs = parts.patienceMs
    this.#start()
  }

  /** A worker that has just been started. */
  watch(pid: number): void {
    const began = beganAt(pid)
    if (began === undefined) return
    this.#watched.set(pid, began)
    this.#say()
  }

  /** It has ended. */
  forget(pid: number): void {
    if (this.#watched.delete(pid)) this.#say()
  }

  /** All workers have ended, or are the caller's affair. */
  [Symbol.dispose](): void {
    this.#ended = true
    this.#cancel()
    this.#watched.clear()
    this.#say()
    this.#child?.stdin?.end()
  }

  #start(): void {
    if (process.platform !== 'linux' || this.#ended) return
    const child = spawn('/bin/sh', ['-c', SCRIPT, 'postern-guard', String(this.#patienceMs / 1000)], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#child = child
    // The server ends when it wants to.
    child.unref()
    child.stdin?.on('error', () => {}) // it is gone, and another one comes
    child.once('error', (err) => this.#again({ err }))
    child.once('exit', (code, signal) => this.#again({ code, signal }))
    this.#say()
  }

  #again(how: Readonly<Record<string, unknown>>): void {
    this.#child = undefined
    if (this.#ended) return
    this.#log.warn('worker.guard-ended', how)
    this.#cancel()
    this.#cancel = this.#clock.after(RESTART_MS, () => this.#start())
  }

  #say(): void {
    const list = [...this.#watched].map(([pid, began]) => `${pid}:${began}`)
    this.#child?.stdin?.write(`${list.join(' ')}\n`)
  }
}

/** Field 22 of /proc/PID/stat; the name before it, in brackets, may hold blanks and brackets. */
function beganAt(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')[19]
  } catch {
    return undefined
  }
}
