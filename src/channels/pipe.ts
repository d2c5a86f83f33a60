// SPDX-License-Identifier: Apache-2.0
/**
 * Programs that take a message on standard input. An argument vector, never a shell; programs that aliases name must
 * stand in `allow`. The exit status counts by sysexits.h; what is not understood is tried again.
 */
import { spawn } from 'node:child_process'
import { userInfo } from 'node:os'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { domainOf, localPartOf } from '../address/address.ts'
import type { ChannelConfigOf } from '../config/schema-channels.ts'
import type { Recipient } from '../envelope/envelope.ts'
import type { Outcome } from '../envelope/outcome.ts'
import type { Delivery, Destination } from './destination.ts'

/** Octets of the program's complaint that are kept. */
const MAX_STDERR = 500

/** sysexits.h: statuses that say "never", with their enhanced code (RFC 3463). */
const NEVER: Readonly<Record<number, string>> = {
  64: '5.3.5', // EX_USAGE
  65: '5.6.0', // EX_DATAERR
  67: '5.1.1', // EX_NOUSER
  68: '5.1.2', // EX_NOHOST
  77: '5.7.0', // EX_NOPERM
}

export function createPipe(config: ChannelConfigOf<'pipe'>): Destination {
  function commandFor(recipient: Recipient): readonly string[] | string {
    if (config.command !== undefined) return config.command
    const argv: unknown = recipient.via === undefined ? undefined : JSON.parse(recipient.via)
    if (!Array.isArray(argv) || !argv.every((word) => typeof word === 'string')) return 'the alias names no program'
    const [program = ''] = argv
    return config.allow.includes(program) ? argv : `${program} is not in channels.pipe.allow`
  }

  async function run(recipient: Recipient, delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    const command = commandFor(recipient)
    if (typeof command === 'string') return { kind: 'failed', status: '5.7.1', reason: command }
    const sender = recipient.sender ?? delivery.envelope.reversePath ?? ''
    const values: Record<string, string> = {
      user: localPartOf(recipient.address),
      domain: domainOf(recipient.address),
      sender,
      recipient: recipient.address,
    }
    const [program = '', ...args] = command.map((word) =>
      word.replace(/\{(user|domain|sender|recipient)\}/g, (_, name: string) => values[name] ?? ''),
    )
    const child = spawn(program, args, {
      stdio: ['pipe', 'ignore', 'pipe'],
      // Its own process group, so that what it starts ends with it.
      detached: true,
      cwd: '/',
      env: {
        PATH: '/usr/local/bin:/usr/bin:/bin',
        LANG: 'C.UTF-8',
        SENDER: sender,
        RECIPIENT: recipient.address,
        USER: values['user'],
      },
      ...idsOf(config.user),
    })
    let complaint = ''
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk.toString('utf8')}`.slice(0, MAX_STDERR)
    })
    const ended = Promise.withResolvers<{ readonly code: number | null; readonly why?: string }>()
    child.once('error', (error) => ended.resolve({ code: null, why: error.message }))
    child.once('close', (code, killedBy) =>
      ended.resolve(killedBy === null ? { code } : { code: null, why: `ended by ${killedBy}` }),
    )
    const limit = AbortSignal.any([signal, AbortSignal.timeout(config.timeout)])
    const kill = (): void => {
      if (child.pid !== undefined) killGroup(child.pid)
    }
    limit.addEventListener('abort', kill, { once: true })
    // A program need not read to the end; its status counts.
    await pipeline(Readable.from(delivery.content()), child.stdin).catch(() => {})
    const { code, why } = await ended.promise
    limit.removeEventListener('abort', kill)
    if (code === 0) return { kind: 'delivered', where: `pipe ${program}` }
    const reason = `${program}: ${limit.aborted ? 'took too long' : (why ?? `status ${code}`)}${complaint === '' ? '' : `: ${complaint.trim()}`}`
    const never = code === null ? undefined : NEVER[code]
    return never === undefined
      ? { kind: 'deferred', status: '4.3.0', reason }
      : { kind: 'failed', status: never, reason }
  }

  return {
    destinationKey: (recipient) => recipient.via ?? '',
    async deliver(delivery, { signal }) {
      const outcomes: Outcome[] = []
      for (const recipient of delivery.recipients) outcomes.push(await run(recipient, delivery, signal))
      return outcomes
    },
    async [Symbol.asyncDispose]() {},
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended just now.
  }
}

/** Only our own account can be looked up without asking the system's databases; others are given as numbers `uid:gid`. */
function idsOf(user: string | undefined): { readonly uid?: number; readonly gid?: number } {
  if (user === undefined || process.getuid?.() !== 0) return {}
  const m = /^(\d+):(\d+)$/.exec(user)
  if (m !== null) return { uid: Number(m[1]), gid: Number(m[2]) }
  if (user === userInfo().username) return {}
  throw new Error(`channels.pipe.user: ${user}: give it as uid:gid`)
}
