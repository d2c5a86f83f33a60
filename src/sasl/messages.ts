// SPDX-License-Identifier: Apache-2.0
/**
 * The messages of SASL mechanisms, as grammar: PLAIN (RFC 4616), LOGIN (two lines without a standard), and SCRAM
 * (RFC 5802 §7) with its keys (§3) over SHA-256 (RFC 7677). No channel binding.
 */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { prepareLogin, preparePassword } from './prepare.ts'

/** Nothing in a sign-in is longer than this, in octets: names and passwords of people are not. */
export const MAX_SASL = 4096

export interface PlainMessage {
  /** `''` when the client acts for itself. */
  readonly authzid: string
  readonly login: string
  readonly password: string
}

/** message = [authzid] UTF8NUL authcid UTF8NUL passwd */
export function parsePlain(bytes: Uint8Array): PlainMessage | undefined {
  const parts = decode(bytes)?.split('\0')
  const [as, name, secret] = parts ?? []
  if (parts?.length !== 3 || as === undefined || name === undefined || secret === undefined) return undefined
  const authzid = as === '' ? '' : prepareLogin(as)
  const login = prepareLogin(name)
  const password = preparePassword(secret)
  return authzid === undefined || login === undefined || password === undefined
    ? undefined
    : { authzid, login, password }
}

/** UTF-8 text of bounded length, or `undefined`. */
export function decode(bytes: Uint8Array): string | undefined {
  if (bytes.length > MAX_SASL) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Base64 of RFC 4648 §4: with its padding, without stray bits, and nothing else in it. */
export function decodeBase64(text: string): Buffer | undefined {
  // Node's decoder skips what it does not know; encoding again shows whether it did.
  const octets = Buffer.from(text, 'base64')
  return octets.toString('base64') === text ? octets : undefined
}

export interface ScramFirst {
  /** gs2-header, repeated in the final message. */
  readonly gs2Header: string
  readonly authzid: string
  readonly login: string
  readonly nonce: string
  /** client-first-message-bare */
  readonly bare: string
}

/**
 *   client-first-message = gs2-cbind-flag "," [authzid] "," client-first-message-bare
 *   client-first-message-bare = [reserved-mext ","] username "," nonce ["," extensions]
 *
 * `p=` asks for channel binding, which is not offered; `m=` is an extension that must be understood: both are refused.
 */
export function parseScramFirst(bytes: Uint8Array): ScramFirst | undefined {
  const [flag, as, name, nonce, ...extensions] = decode(bytes)?.split(',') ?? []
  if ((flag !== 'n' && flag !== 'y') || as === undefined || !(as === '' || as.startsWith('a='))) return undefined
  if (name === undefined || !name.startsWith('n=') || nonce === undefined || !nonce.startsWith('r=')) return undefined
  if (!extensions.every(isAttribute) || !isNonce(nonce.slice(2))) return undefined
  const authzid = as === '' ? '' : unescapeName(as.slice(2))
  const login = unescapeName(name.slice(2))
  if (authzid === undefined || login === undefined) return undefined
  const bare = [name, nonce, ...extensions].join(',')
  return { gs2Header: `${flag},${as},`, authzid, login, nonce: nonce.slice(2), bare }
}

export interface ScramFinal {
  /** The gs2-header the client says it sent. */
  readonly binding: string
  readonly nonce: string
  readonly proof: Buffer
  readonly withoutProof: string
}

/** client-final-message = channel-binding "," nonce ["," extensions] "," proof */
export function parseScramFinal(bytes: Uint8Array): ScramFinal | undefined {
  const parts = decode(bytes)?.split(',') ?? []
  const last = parts.pop()
  const [binding, nonce, ...extensions] = parts
  if (binding === undefined || !binding.startsWith('c=') || nonce === undefined || !nonce.startsWith('r='))
    return undefined
  if (last === undefined || !last.startsWith('p=') || !extensions.every(isAttribute)) return undefined
  const header = decodeBase64(binding.slice(2))
  const proof = decodeBase64(last.slice(2))
  if (header === undefined || proof?.length !== SHA256_OCTETS || !isNonce(nonce.slice(2))) return undefined
  return { binding: header.toString('utf8'), nonce: nonce.slice(2), proof, withoutProof: parts.join(',') }
}

export interface ScramChallenge {
  readonly nonce: string
  readonly salt: Buffer
  readonly iterations: number
}

/** server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions] */
export function parseScramChallenge(text: string): ScramChallenge | undefined {
  const [nonce, salt, count, ...extensions] = text.split(',')
  if (nonce === undefined || !nonce.startsWith('r=') || salt === undefined || !salt.startsWith('s=')) return undefined
  const iterations = Number(/^i=([1-9]\d{0,8})$/.exec(count ?? '')?.[1])
  const octets = decodeBase64(salt.slice(2))
  if (Number.isNaN(iterations) || octets === undefined || octets.length === 0) return undefined
  return extensions.every(isAttribute) ? { nonce: nonce.slice(2), salt: octets, iterations } : undefined
}

/** attr-val = ALPHA "=" value */
const isAttribute = (text: string): boolean => /^[A-Za-z]=[^\0]/.test(text)

/** printable = %x21-2B / %x2D-7E; one that is too short is no nonce. */
const isNonce = (text: string): boolean => /^[!-+\--~]{8,512}$/.test(text)

/** saslname: `=2C` is a comma, `=3D` an equals sign; any other `=` is wrong. */
function unescapeName(name: string): string | undefined {
  if (/=(?!2C|3D)/.test(name)) return undefined
  return prepareLogin(name.replaceAll('=2C', ',').replaceAll('=3D', '='))
}
export const escapeName = (name: string): string => name.replaceAll('=', '=3D').replaceAll(',', '=2C')

export const SHA256_OCTETS = 32
export const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest()
export const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
export const xor = (a: Uint8Array, b: Uint8Array): Buffer => Buffer.from(a.map((octet, i) => octet ^ (b[i] ?? 0)))

/**
 * SaltedPassword, StoredKey and ServerKey of RFC 5802 §3, of a prepared password. Takes milliseconds: at setting time
 * and in clients only.
 */
export function scramKeys(
  password: string,
  salt: Uint8Array,
  iterations: number,
): { salted: Buffer; storedKey: Buffer; serverKey: Buffer } {
  const salted = pbkdf2Sync(password, salt, iterations, SHA256_OCTETS, 'sha256')
  return { salted, storedKey: sha256(hmac(salted, 'Client Key')), serverKey: hmac(salted, 'Server Key') }
}
