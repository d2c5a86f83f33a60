// SPDX-License-Identifier: Apache-2.0
/**
 * Stored passwords: argon2id (RFC 9106) for PLAIN and LOGIN, the keys of SCRAM-SHA-256 (RFC 5803) beside them. Checking
 * runs in the thread pool, few at a time: guessing must not take the processor away from mail.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { SHA256_OCTETS, scramKeys } from '../sasl/messages.ts'
import { preparePassword } from '../sasl/prepare.ts'

/** `Algorithm.Argon2id` of the package, whose enum exists in types alone. */
const ARGON2ID = 2
/** OWASP's first choice for argon2id: 19 MiB, two passes. */
const ARGON = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
/** RFC 7677 §4 asks for at least 4096. */
export const SCRAM_ITERATIONS = 10_000
const SALT_OCTETS = 16
const AT_ONE_TIME = 2
/** About two seconds of work. More than this waiting: "try later". */
const MAX_WAITING = 100

export interface StoredScram {
  readonly salt: string
  readonly iterations: number
  readonly storedKey: string
  readonly serverKey: string
}

export interface StoredPassword extends StoredScram {
  readonly argon2: string
}

/** @throws RangeError for what can be no password (prepare.ts) */
export async function storePassword(password: string): Promise<StoredPassword> {
  const text = preparePassword(password)
  if (text === undefined) throw new RangeError('a password is not empty and has no control characters')
  return { argon2: await hash(text, ARGON), ...storeScram(text, SCRAM_ITERATIONS) }
}

export function storeScram(prepared: string, iterations: number): StoredScram {
  const salt = randomBytes(SALT_OCTETS)
  const { storedKey, serverKey } = scramKeys(prepared, salt, iterations)
  return {
    salt: salt.toString('base64'),
    iterations,
    storedKey: storedKey.toString('base64'),
    serverKey: serverKey.toString('base64'),
  }
}

/** What `storePassword` made, read back from JSON; `undefined` for anything else. */
export function parseStored(json: string): StoredPassword | undefined {
  try {
    const value: Readonly<Record<string, unknown>> = JSON.parse(json)
    const text = (name: keyof StoredPassword): string => {
      const found = value[name]
      if (typeof found !== 'string' || found === '') throw new TypeError(name)
      return found
    }
    const iterations = Number(value['iterations'])
    if (!Number.isInteger(iterations)) return undefined
    return {
      argon2: text('argon2'),
      salt: text('salt'),
      iterations,
      storedKey: text('storedKey'),
      serverKey: text('serverKey'),
    }
  } catch {
    return undefined
  }
}

/** Checks passwords, a few at one time. */
export class PasswordChecker {
  #running = 0
  readonly #waiting: (() => void)[] = []
  /** Checked against when there is no such login, so that both take the same time. No password is known to fit. */
  readonly #nobody: string

  constructor() {
    const base64 = (octets: number): string => randomBytes(octets).toString('base64').replaceAll('=', '')
    const { memoryCost, timeCost, parallelism } = ARGON
    this.#nobody = `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${base64(SALT_OCTETS)}$${base64(32)}`
  }

  /** @returns `undefined` when too many are waiting. @throws Error for a hash that is none */
  async check(stored: string | undefined, password: string): Promise<boolean | undefined> {
    if (this.#running < AT_ONE_TIME) this.#running++
    else {
      if (this.#waiting.length >= MAX_WAITING) return undefined
      // Whoever is done hands its place over, so that nobody comes in between.
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    try {
      const right = await verify(stored ?? this.#nobody, preparePassword(password) ?? '')
      return right && stored !== undefined
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}

/**
 * Keys for a name nobody has: derived from the name and a secret of this directory, so that they are the same each time,
 * look like anybody's, and nothing fits them.
 */
export function madeUpKeys(secret: Uint8Array, login: string): StoredScram {
  const derive = (what: string): Buffer =>
    createHmac('sha256', secret).update(`${what}\0${login.toLowerCase()}`).digest().subarray(0, SHA256_OCTETS)
  return {
    salt: derive('salt').subarray(0, SALT_OCTETS).toString('base64'),
    iterations: SCRAM_ITERATIONS,
    storedKey: derive('stored').toString('base64'),
    serverKey: derive('server').toString('base64'),
  }
}
