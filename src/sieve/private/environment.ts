// SPDX-License-Identifier: Apache-2.0
/** The private items of `environment` (spec filters.md 3), and the verdict that one script leaves for the next. */
import type { Action } from '../action.ts'
import type { EnvItemDef, SieveExtension } from '../plugin.ts'
import type {} from './args.ts'
import { privateExtension } from './named.ts'

/** Exactly these count as explicit, spec filters.md 2; `hold` and all else leaves the item alone. */
export const VERDICTS = ['refuse', 'reject', 'ereject', 'jettison', 'fileinto', 'redirect', 'keep', 'discard'] as const

export type Verdict = (typeof VERDICTS)[number]

/** The name of the item that holds it. */
export const LAST_VERDICT = 'vnd.oracle.last-verdict'

const isVerdict = (kind: string): kind is Verdict => VERDICTS.some((verdict) => verdict === kind)

/** The last explicit action of a run; a copy is none. `undefined`: the script did not decide. */
export function verdictOf(
  actions: readonly Action[],
): { readonly verdict: Verdict; readonly action: Action } | undefined {
  for (const action of actions.toReversed())
    if (isVerdict(action.kind) && action.cancelsImplicitKeep) return { verdict: action.kind, action }
  return undefined
}

const item = (name: string, perRecipient: boolean): EnvItemDef => ({
  name,
  perRecipient,
  value: ({ environment }) => environment.items?.get(name),
})

export const ENVIRONMENT_ITEMS: readonly SieveExtension[] = privateExtension(
  'environment',
  {
    environmentItems: [
      item('vnd.sun.source-channel', false),
      item('vnd.sun.destination-channel', true),
      item('vnd.sun.autoreply-internal', true),
      item('vnd.sun.authenticated-sender-address', false),
      item('vnd.sun.authenticated-sender-id', false),
      item(LAST_VERDICT, true),
    ],
  },
  { bare: false },
)
