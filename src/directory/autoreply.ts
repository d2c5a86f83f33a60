// SPDX-License-Identifier: Apache-2.0
/** An automatic reply as the embedded directory keeps it, in JSON: spec filters.md 10. */
import type { Autoreply } from '../ask/filters.ts'

export const AUTOREPLY_MODES = ['vacation', 'reply', 'echo'] as const

const TEXTS = ['subject', 'text', 'textInternal'] as const
const NUMBERS = ['timeoutHours', 'start', 'end'] as const

/** @throws Error when it is damaged: what we do not understand is no reply to send, and none to drop */
export function parseAutoreply(json: string): Autoreply {
  const value: unknown = JSON.parse(json)
  if (typeof value !== 'object' || value === null) throw new Error('an automatic reply is damaged')
  const given = new Map<string, unknown>(Object.entries(value))
  const mode = AUTOREPLY_MODES.find((each) => each === given.get('mode'))
  if (mode === undefined) throw new Error('the mode of an automatic reply is damaged')
  const texts = TEXTS.flatMap((name) => {
    const text = given.get(name)
    return typeof text === 'string' ? [[name, text] as const] : []
  })
  const numbers = NUMBERS.flatMap((name) => {
    const number = given.get(name)
    return typeof number === 'number' && Number.isFinite(number) ? [[name, number] as const] : []
  })
  return { mode, ...Object.fromEntries<string>(texts), ...Object.fromEntries<number>(numbers) }
}
