// SPDX-License-Identifier: Apache-2.0
/**
 * Suspects: what was in hand when the process died, with what is known of each crash. A small JSON file; whatever
 * cannot be read in it is left out.
 */
import type { Crash } from '../ask/crash.ts'
import { asRun } from './in-hand-file.ts'

/** Suspects kept; of more, those with the fewest crashes and the oldest of these are forgotten. */
export const MAX_SUSPECTS = 1000
/** Crashes kept of one suspect, the last ones. */
export const MAX_CRASHES = 8
/** Senders give up within this time (RFC 5321 §4.5.4.1 speaks of 4-5 days); what came no more is no suspect. */
export const SUSPECT_MS = 7 * 86_400_000

export type Suspects = ReadonlyMap<string, readonly Crash[]>

/** Adds a crash to each key. One process dies once, so the same crash found twice counts once. */
export function withCrashes(suspects: Suspects, found: readonly { readonly key: string; readonly crash: Crash }[]) {
  const all = new Map(suspects)
  for (const { key, crash } of found) {
    const known = all.get(key) ?? []
    if (known.some(({ run }) => run.pid === crash.run.pid && run.startedAt === crash.run.startedAt)) continue
    all.set(key, [...known, crash].slice(-MAX_CRASHES))
  }
  return all
}

/** Those still worth remembering. */
export function worthKeeping(suspects: Suspects, now: number): Map<string, readonly Crash[]> {
  const lastAt = (crashes: readonly Crash[]): number => crashes.at(-1)?.at ?? 0
  const kept = [...suspects].filter(([, crashes]) => lastAt(crashes) > now - SUSPECT_MS)
  kept.sort(([, a], [, b]) => b.length - a.length || lastAt(b) - lastAt(a))
  return new Map(kept.slice(0, MAX_SUSPECTS))
}

export const encodeSuspects = (suspects: Suspects): Buffer =>
  Buffer.from(`${JSON.stringify({ format: 1, suspects: Object.fromEntries(suspects) }, undefined, 1)}\n`)

/** @param bytes as found on disk: anything */
export function decodeSuspects(bytes: Buffer): Map<string, readonly Crash[]> {
  const found = new Map<string, readonly Crash[]>()
  let read: unknown
  try {
    read = JSON.parse(bytes.toString('utf8'))
  } catch {
    return found
  }
  for (const [key, list] of entriesOf(new Map(entriesOf(read)).get('suspects'))) {
    const crashes = Array.isArray(list) ? list.slice(-MAX_CRASHES).flatMap((one: unknown) => asCrash(one)) : []
    if (crashes.length > 0 && found.size < MAX_SUSPECTS) found.set(key, crashes)
  }
  return found
}

const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null ? Object.entries(value) : []

function asCrash(value: unknown): Crash[] {
  const fields = new Map(entriesOf(value))
  const [at, begunAt, stage] = [fields.get('at'), fields.get('begunAt'), fields.get('stage')]
  const run = asRun(fields.get('run'))
  if (typeof at !== 'number' || typeof begunAt !== 'number' || run === undefined) return []
  return [typeof stage === 'string' ? { at, begunAt, run, stage: stage.slice(0, 40) } : { at, begunAt, run }]
}
