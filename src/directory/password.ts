// SPDX-License-Identifier: Apache-2.0
/**
 * Stored passwords: argon2id (RFC 9106) for PLAIN and LOGIN, the keys of SCRAM-SHA-256 (RFC 5803) beside them. Checking
 * runs in the thread pool, few at a time: guessing must not take the processor away from mail.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { scramKeys } from '../sasl/messages.ts'

/** `Algorithm.Argon2id` of the package, whose enum exists in types alone. */
const ARGON2ID = 2
/** OWASP's first choice for argon2id: 19 MiB, two passes. */
const ARGON = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
/** RFC 7677 §4 asks for at least 4096. */
export const SCRAM_ITERATIONS = 10_000
const AT_ONE_TIME = 2
/** More than this waiting: answer "try later". */
const MAX_WAITING = 100

export interface StoredPassword {
  readonly argon2: string
  readonly salt: string
  readonly iterations: number
  readonly storedKey: string
  readonly serverKey: string
}

export async function storePassword(password: string): Promise<StoredPassword> {
  const text = password.normalize('NFC')
  const salt = randomBytes(16)
  const { storedKey, serverKey } = scramKeys(text, salt, SCRAM_ITERATIONS)
  return {
    argon2: await hash(text, ARGON),
    salt: salt.toString('base64'),
    iterations: SCRAM_ITERATIONS,
    storedKey: storedKey.toString('base64'),
    serverKey: serverKey.toString('base64'),
  }
}

/** Checks passwords, a few at one time. */
export class PasswordChecker {
  #running = 0
  readonly #waiting: (() => void)[] = []
  /** Checked against when there is no such login, so that both take the same time. */
  readonly #nobody = hash(randomBytes(16), ARGON)

  /** @returns `undefined` when too many are waiting */
  async check(stored: string | undefined, password: string): Promise<boolean | undefined> {
    if (this.#running >= AT_ONE_TIME) {
      if (this.#waiting.length >= MAX_WAITING) return undefined
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.#running++
    try {
      const right = await verify(stored ?? (await this.#nobody), password.normalize('NFC'))
      return right && stored !== undefined
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
  }
}

/** Keys for a name nobody has: the same each time as long as the secret lives, and nothing fits them. */
export function madeUpKeys(
  secret: Uint8Array,
  login: string,
): { salt: string; iterations: number; storedKey: string; serverKey: string } {
  const derive = (what: string): Buffer =>
    createHmac('sha256', secret).update(`${what}\0${login.toLowerCase()}`).digest()
  return {
    salt: derive('salt').subarray(0, 16).toString('base64'),
    iterations: SCRAM_ITERATIONS,
    storedKey: derive('stored').toString('base64'),
    serverKey: derive('server').toString('base64'),
  }
}
