// SPDX-License-Identifier: Apache-2.0
/**
 * The client's side of a sign-in at a next hop: PLAIN (RFC 4616), LOGIN, SCRAM-SHA-256 (RFC 5802, RFC 7677). Which
 * mechanism to use, and that the first two want TLS, is the caller's matter.
 */
import { timingSafeEqual } from 'node:crypto'
import { decode, decodeBase64, escapeName, hmac, parseScramChallenge, scramKeys, sha256, xor } from './messages.ts'
import { prepareLogin, preparePassword } from './prepare.ts'

export type ClientMechanism = 'PLAIN' | 'LOGIN' | 'SCRAM-SHA-256'

export interface ClientExchange {
  /** The answer to a challenge; `undefined` asks for the initial response. @throws SaslRefused when the server plays false */
  step(challenge: Uint8Array | undefined): Buffer
  /** Whether the server has proved that it knows the password too; only SCRAM can say yes. */
  readonly verified: boolean
}

/** The server does not follow the mechanism, or cannot know the password. */
export class SaslRefused extends Error {
  override readonly name = 'SaslRefused'
}

/** RFC 7677 §4: the least a server may ask for. Fewer would make a recorded exchange cheap to guess from. */
const MIN_ITERATIONS = 4096
/** About a third of a second of computing: a bound on the work a hostile server can make us do. */
const MAX_ITERATIONS = 1_000_000

export interface Credentials {
  readonly login: string
  readonly password: string
  /** Printable, without commas; new for every exchange. */
  readonly nonce: string
}

export function clientExchange(mechanism: ClientMechanism, { login, password, nonce }: Credentials): ClientExchange {
  switch (mechanism) {
    case 'PLAIN':
      return { step: () => Buffer.from(`\0${login}\0${password}`), verified: false }
    case 'LOGIN': {
      let asked = 0
      // The prompts have no fixed text; user name first, then password.
      return { step: () => Buffer.from(asked++ === 0 ? login : password), verified: false }
    }
    case 'SCRAM-SHA-256':
      return new ScramClient(prepareLogin(login) ?? login, preparePassword(password) ?? password, nonce)
    default:
      return mechanism satisfies never
  }
}

/** RFC 5802 §5 */
class ScramClient implements ClientExchange {
  verified = false
  readonly #first: string
  readonly #password: string
  readonly #nonce: string
  #state: { readonly at: 'start' } | { readonly at: 'proved'; readonly signature: Buffer } | { readonly at: 'end' } = {
    at: 'start',
  }

  constructor(login: string, password: string, nonce: string) {
    this.#first = `n=${escapeName(login)},r=${nonce}`
    this.#password = password
    this.#nonce = nonce
  }

  step(challenge: Uint8Array | undefined): Buffer {
    if (challenge === undefined) return Buffer.from(`n,,${this.#first}`)
    const text = decode(challenge)
    if (text === undefined) throw new SaslRefused('the server’s SCRAM message is no text')
    switch (this.#state.at) {
      case 'start':
        // A server that does not take initial responses asks for the first message with an empty challenge.
        return text === '' ? Buffer.from(`n,,${this.#first}`) : this.#prove(text)
      case 'proved':
        return this.#verify(text, this.#state.signature)
      case 'end':
        throw new SaslRefused('the server goes on after the end of the SCRAM exchange')
      default:
        return this.#state satisfies never
    }
  }

  #prove(text: string): Buffer {
    const challenge = parseScramChallenge(text)
    if (challenge === undefined) throw new SaslRefused('the server’s SCRAM challenge makes no sense')
    const { nonce, salt, iterations } = challenge
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce)
      throw new SaslRefused('the server’s SCRAM challenge is not an answer to ours')
    if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS)
      throw new SaslRefused(`the server asks for ${iterations} SCRAM iterations`)
    const { salted, serverKey } = scramKeys(this.#password, salt, iterations)
    const withoutProof = `c=biws,r=${nonce}` // base64 of "n,,"
    const signed = `${this.#first},${text},${withoutProof}`
    const clientKey = hmac(salted, 'Client Key')
    this.#state = { at: 'proved', signature: hmac(serverKey, signed) }
    return Buffer.from(`${withoutProof},p=${xor(clientKey, hmac(sha256(clientKey), signed)).toString('base64')}`)
  }

  /** server-final-message = (server-error / verifier) ["," extensions] */
  #verify(text: string, expected: Buffer): Buffer {
    const [verifier = ''] = text.split(',')
    const signature = verifier.startsWith('v=') ? decodeBase64(verifier.slice(2)) : undefined
    if (signature?.length !== expected.length || !timingSafeEqual(signature, expected))
      throw new SaslRefused('the server does not know the password')
    this.#state = { at: 'end' }
    this.verified = true
    return Buffer.alloc(0)
  }
}
