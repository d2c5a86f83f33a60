// SPDX-License-Identifier: Apache-2.0
/** What is printed of a failure: enough to have it again. */
import { inspect } from 'node:util'
import type { Failure } from './campaign.ts'

const MAX_SHOWN = 2000

export const commandFor = (target: string, seed: number, input: Buffer): string =>
  `npm run fuzz -- --seed ${seed} --target ${target} --input ${input.length === 0 ? "''" : input.toString('base64')}`

export function reportFailure({ target, seed, execution, input, error }: Failure): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : inspect(error)
  return [
    `FAILED ${target}, seed ${seed}, input ${execution}`,
    `  input, made small: ${JSON.stringify(input.toString('latin1').slice(0, MAX_SHOWN))}`,
    `  ${commandFor(target, seed, input)}`,
    ...text.split('\n').map((line) => `    ${line}`),
  ].join('\n')
}
