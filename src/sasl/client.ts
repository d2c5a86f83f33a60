// SPDX-License-Identifier: Apache-2.0
/** The client's side of a sign-in at a next hop: PLAIN, LOGIN, SCRAM-SHA-256. */
import { escapeName, hmac, scramKeys, sha256, xor } from './messages.ts'

export type ClientMechanism = 'PLAIN' | 'LOGIN' | 'SCRAM-SHA-256'

export interface ClientExchange {
  /** The answer to a challenge; `undefined` asks for the initial response. @throws SaslRefused when the server plays false */
  step(challenge: Uint8Array | undefined): Buffer
  /** Whether the server has proved that it knows the password too; only SCRAM can say yes. */
  readonly verified: boolean
}

export class SaslRefused extends Error {
  override readonly name = 'SaslRefused'
}

/** More iterations than any server asks for: a bound on the work a hostile one can make us do. */
const MAX_ITERATIONS = 1_000_000

export function clientExchange(
  mechanism: ClientMechanism,
  credentials: {
    readonly login: string
    readonly password: string /** Printable, without commas. */
    readonly nonce: string
  },
): ClientExchange {
  const { login, password, nonce } = credentials
  switch (mechanism) {
    case 'PLAIN':
      return { step: () => Buffer.from(`\0${login}\0${password}`), verified: false }
    case 'LOGIN': {
      let asked = 0
      // The prompts have no fixed text; user name first, then password.
      return { step: () => Buffer.from(asked++ === 0 ? login : password), verified: false }
    }
    case 'SCRAM-SHA-256':
      return scramClient(login, password, nonce)
    default:
      return mechanism satisfies never
  }
}

/** RFC 5802 §5 */
function scramClient(login: string, password: string, nonce: string): ClientExchange {
  const first = `n=${escapeName(login)},r=${nonce}`
  let expected: Buffer | undefined
  let verified = false
  return {
    get verified() {
      return verified
    },
    step(challenge) {
      if (challenge === undefined) return Buffer.from(`n,,${first}`)
      const text = Buffer.from(challenge).toString('utf8')
      if (expected !== undefined) {
        const signature = /^v=([A-Za-z0-9+/=]+)/.exec(text)?.[1]
        if (signature !== expected.toString('base64')) throw new SaslRefused('the server does not know the password')
        verified = true
        return Buffer.alloc(0)
      }
      const m = /^r=([!-+\--~]+),s=([A-Za-z0-9+/=]+),i=(\d{1,7})/.exec(text)
      const [, both = '', salt = '', count = ''] = m ?? []
      const iterations = Number(count)
      if (!both.startsWith(nonce) || both === nonce || iterations < 1 || iterations > MAX_ITERATIONS)
        throw new SaslRefused('the server’s SCRAM challenge makes no sense')
      const { salted, serverKey } = scramKeys(password, Buffer.from(salt, 'base64'), iterations)
      const withoutProof = `c=biws,r=${both}`
      const signed = `${first},${text},${withoutProof}`
      const clientKey = hmac(salted, 'Client Key')
      expected = hmac(serverKey, signed)
      return Buffer.from(`${withoutProof},p=${xor(clientKey, hmac(sha256(clientKey), signed)).toString('base64')}`)
    },
  }
}
