// SPDX-License-Identifier: Apache-2.0
/**
 * The server's side of a sign-in, RFC 4422: PLAIN (RFC 4616), LOGIN, SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel
 * binding. Pure: asks the directory. Whoever does not exist gets the same dialogue as whoever does: the directory makes
 * up keys for them. Acting for somebody else (an authzid that is not the login) is not offered.
 */
import { timingSafeEqual } from 'node:crypto'
import { type Asking, ask } from '../ask/ask.ts'
import type { Account, ScramKeys } from '../ask/questions.ts'
import {
  decode,
  hmac,
  parsePlain,
  parseScramFinal,
  parseScramFirst,
  SHA256_OCTETS,
  sha256,
  xor,
} from '../sasl/messages.ts'
import { prepareLogin, preparePassword } from '../sasl/prepare.ts'

export type SaslStep =
  | { readonly kind: 'challenge'; readonly data: Buffer }
  /** `data`: a last message of the server, to be sent as a challenge before the reply (RFC 4954 §4). */
  | { readonly kind: 'success'; readonly account: Account; readonly data?: Buffer }
  | { readonly kind: 'failure'; readonly why: 'credentials' | 'malformed' | 'cancelled' }
  | { readonly kind: 'defer'; readonly cause: string }

export interface SaslExchange {
  /** The client's next response; `undefined` at the start when it sent none with AUTH. */
  step(response: Buffer | undefined): Asking<SaslStep>
}

export type ServerMechanism = 'PLAIN' | 'LOGIN' | 'SCRAM-SHA-256'

const MALFORMED: SaslStep = { kind: 'failure', why: 'malformed' }
const WRONG: SaslStep = { kind: 'failure', why: 'credentials' }

export function serverExchange(mechanism: ServerMechanism): SaslExchange {
  switch (mechanism) {
    case 'PLAIN':
      return plain()
    case 'LOGIN':
      return login()
    case 'SCRAM-SHA-256':
      return scram()
    default:
      return mechanism satisfies never
  }
}

function plain(): SaslExchange {
  return {
    *step(response) {
      if (response === undefined) return { kind: 'challenge', data: Buffer.alloc(0) }
      const message = parsePlain(response)
      if (message === undefined) return MALFORMED
      if (message.authzid !== '' && message.authzid !== message.login) return WRONG
      return yield* check(message.login, message.password)
    },
  }
}

function login(): SaslExchange {
  let name: string | undefined
  return {
    *step(response) {
      if (response === undefined) return { kind: 'challenge', data: Buffer.from('Username:') }
      const text = decode(response) ?? ''
      if (name === undefined) {
        name = prepareLogin(text)
        return name === undefined ? MALFORMED : { kind: 'challenge', data: Buffer.from('Password:') }
      }
      const password = preparePassword(text)
      return password === undefined ? MALFORMED : yield* check(name, password)
    },
  }
}

function* check(login: string, password: string): Asking<SaslStep> {
  const answer = yield* ask({ ask: 'directory.password', login, password })
  if (answer.kind === 'defer') return answer
  return answer.kind === 'found' ? { kind: 'success', account: answer.value } : WRONG
}

/** Octets of the server's part of the nonce: 24, as long as the client's usually is. */
const NONCE_OCTETS = 24

interface ScramDialogue {
  readonly keys: ScramKeys
  readonly known: boolean
  readonly nonce: string
  readonly gs2Header: string
  /** AuthMessage so far. */
  readonly signed: string
}

function scram(): SaslExchange {
  let dialogue: ScramDialogue | undefined
  return {
    *step(response) {
      if (response === undefined) return { kind: 'challenge', data: Buffer.alloc(0) }
      if (dialogue === undefined) {
        const first = parseScramFirst(response)
        if (first === undefined) return MALFORMED
        if (first.authzid !== '' && first.authzid !== first.login) return WRONG
        const answer = yield* ask({ ask: 'directory.scram', login: first.login, hash: 'SHA-256' })
        if (answer.kind === 'defer') return answer
        const random = yield* ask({ ask: 'random', octets: NONCE_OCTETS })
        const nonce = `${first.nonce}${random}`
        // A directory that keeps no SCRAM keys at all; for unknown names it makes some up.
        if (answer.kind === 'absent') return WRONG
        const { keys, known } = answer.value
        const message = `r=${nonce},s=${keys.salt},i=${keys.iterations}`
        dialogue = { keys, known, nonce, gs2Header: first.gs2Header, signed: `${first.bare},${message}` }
        return { kind: 'challenge', data: Buffer.from(message) }
      }
      return finish(dialogue, response)
    },
  }
}

/** RFC 5802 §3: the proof gives the client's key, whose hash is what we have stored. */
function finish(dialogue: ScramDialogue, response: Buffer): SaslStep {
  const final = parseScramFinal(response)
  if (final === undefined) return MALFORMED
  // `y`: the client could bind the channel and saw that we do not offer it. Had somebody on the way hidden the offer,
  // it would show here (RFC 5802 §6); there is none.
  if (final.nonce !== dialogue.nonce || final.binding !== dialogue.gs2Header) return WRONG
  const signed = `${dialogue.signed},${final.withoutProof}`
  const stored = Buffer.from(dialogue.keys.storedKey, 'base64')
  const clientKey = xor(final.proof, hmac(stored, signed))
  const right = stored.length === SHA256_OCTETS && timingSafeEqual(sha256(clientKey), stored)
  if (!right || !dialogue.known) return WRONG
  const signature = hmac(Buffer.from(dialogue.keys.serverKey, 'base64'), signed)
  return { kind: 'success', account: dialogue.keys.account, data: Buffer.from(`v=${signature.toString('base64')}`) }
}
