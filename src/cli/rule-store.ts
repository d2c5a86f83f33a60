// SPDX-License-Identifier: Apache-2.0
/** Rules of a user, read and changed from the command line, wherever the directory keeps them. */
import type { MailAddress } from '../address/address.ts'
import type { Lookup } from '../ask/lookup.ts'
import type { StoredRules } from '../directory/rule-store.ts'
import type { RulesChange } from '../policy/filters/rules/named-rules.ts'
import type { Cli } from './cli.ts'
import { requireAddress, withRuleStore } from './directory.ts'
import { Finding } from './exit.ts'

/** Others may write at the same time; whoever loses so often has to try again later. */
const ATTEMPTS = 5

/** @throws Finding when there is no such user, or the directory cannot be asked */
export async function readRules(cli: Cli, user: string): Promise<readonly string[]> {
  const address = requireAddress(user)
  return await withRuleStore(cli, async (ruleStore) => found(await ruleStore.rules(address), address).values)
}

/** @throws Finding when there is no such user or rule, or the directory refuses */
export async function changeRules(
  cli: Cli,
  user: string,
  change: (values: readonly string[]) => RulesChange,
): Promise<void> {
  const address = requireAddress(user)
  await withRuleStore(cli, async (ruleStore) => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { values, state } = found(await ruleStore.rules(address), address)
      const changed = change(values)
      if (changed.kind === 'absent') throw new Finding(`${address} has no rule "${changed.name}"`)
      if (changed.kind === 'refused') throw new Finding(changed.why)
      const replaced = await ruleStore.replace(address, changed.values, state)
      if (replaced.kind === 'stored') return
      if (replaced.kind === 'refused') throw new Finding(replaced.why)
      if (replaced.kind === 'defer') throw new Finding(`the directory cannot be asked: ${replaced.cause}`)
    }
    throw new Finding(`the rules of ${address} are being changed by others; try again`)
  })
}

function found(answer: Lookup<StoredRules>, user: MailAddress): StoredRules {
  if (answer.kind === 'found') return answer.value
  if (answer.kind === 'absent') throw new Finding(`no user ${user}`)
  throw new Finding(`the directory cannot be asked: ${answer.cause}`)
}
