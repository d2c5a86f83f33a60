// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { directory, makeRevision } from '../../test/conversations/server-fixture.ts'
import { NO_CALL_OUTS } from '../ask/call-outs.ts'
import { createIds } from '../envelope/message-id.ts'
import type { Hypothesis } from './hypothesis.ts'
import { runScenario } from './run-scenario.ts'
import type { Scenario } from './scenario.ts'
import type { Site } from './site.ts'

const NOW = Date.UTC(2026, 10, 24)

const site = (config: Parameters<typeof makeRevision>[0] = [], service = 'smtp'): Site => ({
  revision: makeRevision(config, service),
  reads: directory(),
  tls: true,
  callOuts: () => NO_CALL_OUTS,
  ids: createIds(() => NOW, 1),
  now: () => NOW,
  elapsed: () => 0,
})

const codes = ({ exchanges }: Hypothesis): string =>
  exchanges.map(({ step, replies }) => `${step} ${replies.map((reply) => reply.slice(0, 3)).join('+')}`).join(', ')

const CASES: readonly {
  readonly name: string
  readonly scenario: Scenario
  readonly service?: string
  readonly config?: Parameters<typeof makeRevision>[0]
  readonly codes: string
  readonly verdict: Hypothesis['verdict']
  readonly disposition: Hypothesis['disposition']
}[] = [
  {
    name: 'mail for us is queued',
    scenario: { ip: '192.0.2.1', from: 's@example.net', to: ['kim@example.org'] },
    codes: 'connect 220, hello 250, mail 250, rcpt 250, data 354, content 250, quit 221',
    verdict: 'accepted',
    disposition: 'queued',
  },
  {
    name: 'a stranger does not relay',
    scenario: { ip: '192.0.2.1', from: 's@example.net', to: ['far@example.net'] },
    codes: 'connect 220, hello 250, mail 250, rcpt 550, quit 221',
    verdict: 'refused',
    disposition: 'refused',
  },
  {
    name: 'recipients may differ',
    scenario: { ip: '192.0.2.1', from: '', to: ['kim@example.org', 'lee@example.org', 'kim@example.org'] },
    codes: 'connect 220, hello 250, mail 250, rcpt 250, rcpt 450, rcpt 250, data 354, content 250, quit 221',
    verdict: 'mixed',
    disposition: 'queued',
  },
  {
    name: 'own networks relay',
    scenario: { ip: '127.0.0.9', from: 's@example.net', to: ['far@example.net'] },
    codes: 'connect 220, hello 250, mail 250, rcpt 250, data 354, content 250, quit 221',
    verdict: 'accepted',
    disposition: 'queued',
  },
  {
    name: 'a user signs in under TLS, without a password',
    scenario: { ip: '192.0.2.1', tls: true, login: 'kim', from: 'kim@example.org', to: ['far@example.net'] },
    service: 'submission',
    codes:
      'connect 220, hello 250, starttls 220, hello 250, auth 235, mail 250, rcpt 250, data 354, content 250, quit 221',
    verdict: 'accepted',
    disposition: 'queued',
  },
  {
    name: 'without TLS SCRAM is what is offered',
    scenario: { ip: '192.0.2.1', login: 'kim', from: 'kim@example.org', to: ['far@example.net'] },
    service: 'submission',
    codes: 'connect 220, hello 250, auth 235, mail 250, rcpt 250, data 354, content 250, quit 221',
    verdict: 'accepted',
    disposition: 'queued',
  },
  {
    name: 'nobody signs in who is not there',
    scenario: { ip: '192.0.2.1', login: 'mallory', from: 'kim@example.org', to: ['far@example.net'] },
    service: 'submission',
    codes: 'connect 220, hello 250, auth 535, mail 530, quit 221',
    verdict: 'refused',
    disposition: 'refused',
  },
  {
    name: 'implicit TLS',
    scenario: { ip: '192.0.2.1', login: 'kim', from: 'kim@example.org', to: ['kim@example.org'] },
    service: 'submissions',
    codes: 'connect , connect 220, hello 250, auth 235, mail 250, rcpt 250, data 354, content 250, quit 221',
    verdict: 'accepted',
    disposition: 'queued',
  },
  {
    name: 'LMTP answers each recipient behind the content',
    scenario: {
      ip: '192.0.2.1',
      from: 's@example.net',
      to: ['kim@example.org', 'zoe@example.org', 'jürgen@example.org'],
    },
    service: 'lmtp',
    codes: 'connect 220, hello 250, mail 250, rcpt 250, rcpt 550, rcpt 250, data 354, content 250+250, quit 221',
    verdict: 'mixed',
    disposition: 'queued',
  },
  {
    name: 'content that is too large',
    scenario: {
      ip: '192.0.2.1',
      from: 's@example.net',
      to: ['kim@example.org'],
      content: `Subject: x\n\n${'y'.repeat(3000)}\n`,
    },
    config: [['limits.messageSize', '2KiB']],
    codes: 'connect 220, hello 250, mail 250, rcpt 250, data 354, content 552, quit 221',
    verdict: 'refused',
    disposition: 'refused',
  },
  {
    name: 'a loop is held',
    scenario: {
      ip: '192.0.2.1',
      from: 's@example.net',
      to: ['kim@example.org'],
      content: `${'Received: from a by b\n'.repeat(60)}\n.\n`,
    },
    codes: 'connect 220, hello 250, mail 250, rcpt 250, data 354, content 250, quit 221',
    verdict: 'held',
    disposition: 'held',
  },
  {
    name: 'a bad address is refused before any stage',
    scenario: { ip: '192.0.2.1', from: 's@example.net', to: ['kim@@example.org'] },
    codes: 'connect 220, hello 250, mail 250, rcpt 501, quit 221',
    verdict: 'refused',
    disposition: 'abandoned',
  },
  {
    name: 'nothing but a connection',
    scenario: { ip: '192.0.2.1', to: [] },
    codes: 'connect 220, hello 250, quit 221',
    verdict: 'accepted',
    disposition: 'abandoned',
  },
]

for (const { name, scenario, service, config, ...want } of CASES)
  test(name, async () => {
    const hypothesis = await runScenario(scenario, site(config, service))
    const { verdict, disposition } = hypothesis
    assert.deepEqual({ codes: codes(hypothesis), verdict, disposition }, want)
  })

test('the password of the client of a hypothesis is shown nowhere', async () => {
  const scenario = { ip: '192.0.2.1', login: 'kim', tls: true, from: 'kim@example.org', to: ['kim@example.org'] }
  const text = JSON.stringify(await runScenario(scenario, site([], 'submission')))
  assert.doesNotMatch(text, /AGtpbQ|"password"/)
  assert.match(text, /AUTH PLAIN \(as kim\)/)
})

test('a session that cannot be had is said so', async () => {
  for (const [scenario, why] of [
    [{ ip: 'nowhere', to: [] }, /no IP address/],
    [{ ip: '192.0.2.1', listener: 'other', to: [] }, /no listener other; there are test \(0\)/],
    [{ ip: '192.0.2.1', port: 25, to: [] }, /no listener has port 25/],
    [{ ip: '192.0.2.1', to: ['a@b'] }, /without a sender/],
    [{ ip: '192.0.2.1', from: 'a\r\nQUIT', to: [] }, /line end/],
  ] as const)
    await assert.rejects(runScenario(scenario, site()), { name: 'BadScenario', message: why })
})
