// SPDX-License-Identifier: Apache-2.0
/**
 * The messages of SASL mechanisms, as grammar: PLAIN (RFC 4616), SCRAM (RFC 5802 §7, RFC 7677). Names and passwords are
 * compared after NFC normalisation; the full string preparation of RFC 8265 is not done, so a name with characters it
 * would map (full-width letters, say) must be typed as it was stored.
 */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'

/** Nothing in a sign-in is longer than this, in octets. */
export const MAX_SASL = 4096

export interface PlainMessage {
  readonly authzid: string
  readonly login: string
  readonly password: string
}

/** message = [authzid] UTF8NUL authcid UTF8NUL passwd */
export function parsePlain(bytes: Uint8Array): PlainMessage | undefined {
  const parts = decode(bytes)?.split('\0')
  const [authzid, login, password] = parts ?? []
  if (parts?.length !== 3 || !login || !password || authzid === undefined) return undefined
  return { authzid: authzid.normalize('NFC'), login: login.normalize('NFC'), password: password.normalize('NFC') }
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

/** Base64 of RFC 4648 §4 with nothing else in it; `=` alone is the empty response (RFC 4954 §4). */
export function decodeBase64(text: string): Buffer | undefined {
  if (text === '=') return Buffer.alloc(0)
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  return Buffer.from(text, 'base64')
}

export interface ScramFirst {
  /** `n,,` with the authorisation identity: repeated in the final message. */
  readonly gs2Header: string
  readonly authzid: string
  readonly login: string
  readonly nonce: string
  /** The message without its GS2 header. */
  readonly bare: string
}

/** client-first-message of RFC 5802 §7; `p=` (channel binding) is not offered and so malformed. */
export function parseScramFirst(bytes: Uint8Array): ScramFirst | undefined {
  const m = /^((?:n|y),(?:a=([^,]*))?,)(n=([^,]+),r=([!-+\--~]{8,256}))$/.exec(decode(bytes) ?? '')
  const [, gs2Header, authzid, bare, name, nonce] = m ?? []
  if (gs2Header === undefined || bare === undefined || name === undefined || nonce === undefined) return undefined
  const login = unescapeName(name)
  const as = unescapeName(authzid ?? '')
  return login === undefined || as === undefined
    ? undefined
    : { gs2Header, authzid: as, login: login.normalize('NFC'), nonce, bare }
}

export interface ScramFinal {
  readonly binding: string
  readonly nonce: string
  readonly proof: Buffer
  readonly withoutProof: string
}

/** client-final-message of RFC 5802 §7 */
export function parseScramFinal(bytes: Uint8Array): ScramFinal | undefined {
  const m = /^(c=([A-Za-z0-9+/=]{1,512}),r=([!-+\--~]{8,512})),p=([A-Za-z0-9+/=]{1,128})$/.exec(decode(bytes) ?? '')
  const [, withoutProof, binding, nonce, proof] = m ?? []
  if (withoutProof === undefined || binding === undefined || nonce === undefined) return undefined
  const header = decodeBase64(binding)?.toString('utf8')
  const octets = decodeBase64(proof ?? '')
  return header === undefined || octets?.length !== 32
    ? undefined
    : { binding: header, nonce, proof: octets, withoutProof }
}

/** saslname: `=2C` is a comma, `=3D` an equals sign; any other `=` is wrong. */
function unescapeName(name: string): string | undefined {
  if (/=(?!2C|3D)/.test(name)) return undefined
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=')
}
export const escapeName = (name: string): string => name.replaceAll('=', '=3D').replaceAll(',', '=2C')

export const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest()
export const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
export const xor = (a: Uint8Array, b: Uint8Array): Buffer => Buffer.from(a.map((octet, i) => octet ^ (b[i] ?? 0)))

/** SaltedPassword, StoredKey and ServerKey of RFC 5802 §3. Takes milliseconds: at setting time and in clients only. */
export function scramKeys(
  password: string,
  salt: Uint8Array,
  iterations: number,
): { salted: Buffer; storedKey: Buffer; serverKey: Buffer } {
  const salted = pbkdf2Sync(password.normalize('NFC'), salt, iterations, 32, 'sha256')
  return { salted, storedKey: sha256(hmac(salted, 'Client Key')), serverKey: hmac(salted, 'Server Key') }
}
