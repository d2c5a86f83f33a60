// SPDX-License-Identifier: Apache-2.0
/**
 * Name servers that lie, while mail is delivered to the domains they are asked for: aliases without end, answers of
 * 64 KB, wrong identities, silence, denial, garbage. A look-up ends in its time with a bounded number of questions, and
 * mail for others goes on.
 */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type { Attack } from '../attack.ts'
import { Client } from '../client.ts'
import { LIES, type NameLie } from '../lying-name-server.ts'
import { INSIDE } from '../server.ts'

/** MX, A and AAAA, each with its tries and a chain of aliases. */
const MAX_QUESTIONS_EACH = 200

const attackWith = (lie: NameLie): Attack => ({
  name: `names-${lie}`,
  outcome: `every domain is asked for, with at most ${MAX_QUESTIONS_EACH} questions each`,
  boundMB: 512,
  async run({ names, server, size }) {
    const count = size(5, 500)
    const client = await Client.ready(server.ports.smtp, { from: INSIDE })
    // The null sender: nobody has to be told what becomes of it.
    await client.command('MAIL FROM:<>', 250)
    for (let n = 0; n < count; n++) await client.command(`RCPT TO:<x@d${n}.${lie}.test>`, 250)
    await client.command('DATA', 354)
    await client.command('Subject: lies\r\n\r\nbody\r\n.', 250)
    client.leave()
    // Nothing asked for so long: the look-ups have ended. The full form waits longer than the server between two tries.
    const quietMs = size(200, 4000)
    const deadline = performance.now() + 150_000
    const asked = (): boolean => names.asked(lie).domains === count
    for (let before = -1; performance.now() < deadline; await pause(quietMs)) {
      const { questions } = names.asked(lie)
      if (asked() && questions === before) break
      before = questions
    }
    const { domains, questions } = names.asked(lie)
    assert.equal(domains, count)
    assert.ok(questions <= count * MAX_QUESTIONS_EACH, `${questions} questions for ${count} domains`)
    return `${count} domains, ${questions} questions`
  },
})

export const NAMES: readonly Attack[] = LIES.map(attackWith)
