// SPDX-License-Identifier: Apache-2.0
/**
 * The host of one hypothetical session (design 2.1): looks at the world as it is, and does to a copy what would change
 * it. Places for connections are always free, counts of routines begin anew, sequence numbers go on from what their
 * files hold, nothing is stored, nobody waits.
 */
import { readFile } from 'node:fs/promises'
import type { Host } from '../ask/ask.ts'
import { type CallAnswer, type CallOuts, runCallOut } from '../ask/call-outs.ts'
import type { Lookup } from '../ask/lookup.ts'
import type { Account, ScramKeys } from '../ask/questions.ts'
import type { Envelope } from '../envelope/envelope.ts'
import type { Effect } from './hypothesis.ts'
import { PASSWORD, scramKeysFor } from './sign-in.ts'

/** Questions that only look. */
export type Reads = Omit<
  Host,
  | 'slot.claim'
  | 'client.early'
  | 'queue.commit'
  | 'content'
  | 'mapping.sequence'
  | 'mapping.call'
  | 'wait'
  | 'note'
  | 'directory.password'
>

export class CopiedWorld {
  readonly host: Host
  readonly effects: Effect[] = []
  envelope: Envelope | undefined
  /** What the message at hand holds. */
  content: ((most: number) => Promise<Uint8Array>) | undefined
  readonly #sequences = new Map<string, number>()

  /** @param callOuts routines whose counts nobody else sees */
  constructor(reads: Reads, callOuts: CallOuts) {
    const account = (login: string) => accountOf(reads, login)
    this.host = {
      ...reads,
      'slot.claim': () => ({ granted: true }),
      'client.early': () => ({ octets: 0 }),
      wait: ({ ms }) => this.#did({ effect: 'wait', ms }),
      note: ({ note }) => this.#did({ effect: 'note', note }),
      content: async ({ most }) =>
        this.content === undefined ? { kind: 'absent' } : { kind: 'found', value: await this.content(most) },
      'queue.commit': ({ envelope }) => {
        this.envelope = envelope
        return { kind: 'stored' }
      },
      // Whoever is named is taken for who it is, by the way that the session itself offers.
      'directory.password': ({ login, password }) => (password === PASSWORD ? account(login) : { kind: 'absent' }),
      'directory.scram': async ({ login }) => {
        const found = await account(login)
        if (found.kind === 'defer') return found
        const keys: ScramKeys = { account: found.kind === 'found' ? found.value : NOBODY, ...scramKeysFor(PASSWORD) }
        return { kind: 'found', value: { keys, known: found.kind === 'found' } }
      },
      'mapping.sequence': async ({ file }) => {
        const answer = await this.#next(file)
        this.#did({ effect: 'sequence', file, answer: told(answer) })
        return answer
      },
      'mapping.call': async (question, signal) => {
        const answer = await runCallOut(callOuts, question, signal)
        const routine = `${question.image},${question.routine}`
        this.#did({ effect: 'call', routine, argument: question.argument, answer: told(answer) })
        return answer
      },
    }
  }

  #did(effect: Effect): undefined {
    if (this.effects.length < MAX_EFFECTS) this.effects.push(effect)
    return undefined
  }

  /** As state/sequence-files.ts counts, without writing. */
  async #next(file: string): Promise<Lookup<number>> {
    const before = this.#sequences.get(file) ?? (await readSequence(file))
    if (before === undefined) return { kind: 'absent' }
    if (!Number.isSafeInteger(before)) return { kind: 'defer', cause: `${file} holds no number` }
    this.#sequences.set(file, before + 1)
    return { kind: 'found', value: before + 1 }
  }
}

/** A session with a hundred thousand recipients may do much. */
const MAX_EFFECTS = 1000

const NOBODY: Account = { login: '', addresses: [] }

/** Only who may sign in is found: active, with a password. */
async function accountOf(reads: Reads, login: string): Promise<Lookup<Account>> {
  const answer = await reads['directory.scram']({ ask: 'directory.scram', login, hash: 'SHA-256' })
  if (answer.kind !== 'found') return answer
  const { keys, known } = answer.value
  return known ? { kind: 'found', value: keys.account } : { kind: 'absent' }
}

async function readSequence(file: string): Promise<number | undefined> {
  try {
    const text = (await readFile(file, 'latin1')).trim()
    return text === '' ? 0 : /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  } catch {
    return undefined
  }
}

const told = (answer: Lookup<string | number> | CallAnswer): string =>
  answer.kind === 'found' ? `found ${answer.value}` : answer.kind
