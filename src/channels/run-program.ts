// SPDX-License-Identifier: Apache-2.0
/**
 * Runs one program with content on its standard input, bounded in time and in what is kept of its complaints. It gets a
 * clean environment and a process group of its own, so that what it starts ends with it. Never throws.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { AbortWish } from '../clock/abort.ts'
import type { Clock } from '../clock/clock.ts'
import type { Account } from './system-account.ts'

/** Octets of the program's complaint that are kept. */
const MAX_COMPLAINT = 500
/** A program that has ended may leave others behind that hold its standard error open; nobody waits for them. */
const LAST_WORDS_MS = 1000

export type ProgramEnd =
  | { readonly kind: 'exit'; readonly status: number; readonly complaint: string }
  /** Not started, killed, too slow, or the content could not be read to its end. */
  | { readonly kind: 'broken'; readonly why: string; readonly complaint: string }

interface RunOptions {
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly account: Partial<Account>
  readonly clock: Clock
  readonly signal: AbortWish
}

type Child = ChildProcessByStdio<Writable, null, Readable>

export async function runProgram(
  [program = '', ...args]: readonly string[],
  content: AsyncIterable<Uint8Array>,
  { env, timeoutMs, account, clock, signal }: RunOptions,
): Promise<ProgramEnd> {
  const broken = (why: string): ProgramEnd => ({ kind: 'broken', why, complaint: '' })
  if (signal.aborted) return broken('the server is stopping')
  let child: Child
  try {
    child = spawn(program, args, {
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', ...env },
      ...account,
    })
  } catch (error) {
    return broken(messageOf(error))
  }
  /** Why we ended it, if we did. */
  let ours: string | undefined
  const kill = (why: string): void => {
    ours ??= why
    if (child.pid !== undefined) killGroup(child.pid)
  }
  const abort = (): void => kill('the server is stopping')
  signal.addEventListener('abort', abort, { once: true })
  const cancel = clock.after(timeoutMs, () => kill('took too long'))
  try {
    const ending = endOf(child, clock)
    await feed(child, content, kill)
    const end = await ending
    return ours === undefined ? end : { kind: 'broken', why: ours, complaint: end.complaint }
  } finally {
    cancel()
    signal.removeEventListener('abort', abort)
  }
}

/** A program need not read to the end, its status counts; but one that was given half a message must not say "done". */
async function feed(child: Child, content: AsyncIterable<Uint8Array>, kill: (why: string) => void): Promise<void> {
  const iterator = content[Symbol.asyncIterator]()
  async function* guarded(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const step = await iterator.next().catch(() => undefined)
        // Before the pipe is closed: its end would look like the end of the message.
        if (step === undefined) return kill('the message cannot be read from the queue')
        if (step.done === true) return
        yield step.value
      }
    } finally {
      await iterator.return?.()
    }
  }
  await pipeline(Readable.from(guarded()), child.stdin).catch(() => {})
}

function endOf(child: Child, clock: Clock): Promise<ProgramEnd> {
  const { promise, resolve } = Promise.withResolvers<ProgramEnd>()
  let complaint = Buffer.alloc(0)
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < MAX_COMPLAINT) complaint = Buffer.concat([complaint, chunk]).subarray(0, MAX_COMPLAINT)
  })
  const said = (): string => complaint.toString('utf8').replace(CONTROLS, ' ').trim()
  child.once('error', (error) => resolve({ kind: 'broken', why: error.message, complaint: '' }))
  child.once('exit', (status, killedBy) => {
    const finish = (): void =>
      resolve(
        status === null
          ? { kind: 'broken', why: `ended by ${killedBy}`, complaint: said() }
          : { kind: 'exit', status, complaint: said() },
      )
    const cancel = clock.after(LAST_WORDS_MS, () => {
      child.stderr.destroy()
      finish()
    })
    child.once('close', () => {
      cancel()
      finish()
    })
  })
  return promise
}

/** What a program writes goes into logs and notices. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]+/g

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended just now.
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
