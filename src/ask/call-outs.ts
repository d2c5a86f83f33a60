// SPDX-License-Identifier: Apache-2.0
/**
 * Routines that mapping tables call with `$[image,routine,argument]`, spec mapping-tables.md 4.12: what a part that has
 * some hands to the server, and how a call finds its routine. The routines themselves stand with what they are about.
 */
import type { Lookup } from './lookup.ts'

/**
 * One routine. `argument`: everything behind the second comma, expanded. `found` is its success with what it wrote,
 * which is expanded once more as template text; `absent` its failure; `defer` counts as failure and is told.
 */
export type CallOut = (argument: string, signal?: AbortSignal) => Lookup<string> | Promise<Lookup<string>>

/** By image (`dns_verify`: no folder, no `.so`), then by routine; both in lower case. */
export type CallOuts = ReadonlyMap<string, ReadonlyMap<string, CallOut>>

/** `unknown`: there is no such image or routine. */
export type CallAnswer = Lookup<string> | { readonly kind: 'unknown' }

export const NO_CALL_OUTS: CallOuts = new Map()

/** Several parts' routines as one registry. @throws Error when two parts have one routine: a bug */
export function callOuts(...parts: readonly CallOuts[]): CallOuts {
  const all = new Map<string, Map<string, CallOut>>()
  for (const part of parts)
    for (const [image, routines] of part) {
      const known = all.get(image) ?? new Map<string, CallOut>()
      all.set(image, known)
      for (const [routine, run] of routines) {
        if (known.has(routine)) throw new Error(`two routines ${routine} in ${image}`)
        known.set(routine, run)
      }
    }
  return all
}

export interface Call {
  readonly image: string
  readonly routine: string
  readonly argument: string
}

/** Runs the routine a table asks for. What it throws is a bug of its, and no answer for the table. */
export function runCallOut(
  registry: CallOuts,
  { image, routine, argument }: Call,
  signal?: AbortSignal,
): CallAnswer | Promise<CallAnswer> {
  const run = registry.get(image.toLowerCase())?.get(routine.toLowerCase())
  return run === undefined ? { kind: 'unknown' } : run(argument, signal)
}
