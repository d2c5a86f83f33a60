// SPDX-License-Identifier: Apache-2.0
/**
 * Every attack in its short form, against real servers: the attack's own outcome, an honest sender who is served
 * meanwhile, bounded memory, a server that lives on, and a balanced ledger when it stops. The full form is
 * `node test/attacks/main.ts --full`.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type Attack, beginSiege, endSiege, line, runAttack, type Siege } from './attack.ts'
import { CATALOGUE } from './catalogue.ts'

const settingsOf = (attack: Attack): string => JSON.stringify(attack.settings?.(false) ?? {})

// One server for all that need the same settings.
for (const [settings, attacks = []] of Map.groupBy(CATALOGUE, settingsOf))
  describe(`attacks, ${settings}`, { skip: process.platform !== 'linux' && 'memory is read from /proc' }, () => {
    let siege: Promise<Siege> | undefined
    after(async () => await (await siege)?.[Symbol.asyncDispose]())

    for (const attack of attacks)
      test(`${attack.name}: ${attack.outcome}`, async () => {
        siege ??= beginSiege(attack.settings?.(false) ?? {}, false)
        const result = await runAttack(attack, await siege)
        console.log(`measured: ${line(result)}`)
        assert.deepEqual(result.problems, [])
      })

    test('the server stops by itself, and its ledger balances', async () => {
      if (siege !== undefined) await endSiege(await siege)
    })
  })
