// SPDX-License-Identifier: Apache-2.0
/**
 * Is the client on a DNS list? Asked as it connects, before anything is spent on it. Our own networks, loopback and the
 * submission services, whose users are still to sign in, are not asked about; the checks of the historical Dispatcher
 * (DNS_VERIFY_DOMAIN, ENABLE_RBL) are for all, as they were.
 */
import { inNetwork, isLoopback, parseNetwork } from '../../address/network.ts'
import { reply } from '../../smtp/reply.ts'
import {
  type AskedList,
  askLists,
  describeAnswer,
  judgeLists,
  type ListAnswer,
  nativeLists,
  serviceLists,
} from '../dns-lists.ts'
import { ownNetworkOf } from '../own-network.ts'
import type { SessionContext, Stage, StageResult } from '../stage.ts'

/** Spec access-control.md 7.1 [C]. */
const VERIFY_REPLY = 'access_control: host found on DNS list and rejected'
const MAX_NOTE = 1000

export const dnsLists: Stage<SessionContext> = {
  name: 'DNS lists at connect',
  decides: 'is this client listed',
  reference: 'spec access-control.md 7.1; RFC 5782',
  *run(context) {
    const { revision, client, listener } = context
    const { dnsLists: settings } = revision.config
    const services = serviceLists(settings, listener)
    const exempt = exemption(context)
    const native = exempt === undefined ? listsFor(context) : []
    const lists = [...services, ...native]
    if (lists.length === 0) {
      if (exempt !== undefined && settings.lists.length > 0) return { verdict: { do: 'pass' }, ...exempt }
      return { verdict: { do: 'pass' }, by: revision.where('dnsLists', 'lists'), silent: true }
    }
    const answers = yield* askLists(client.address, lists, settings.timeout)
    return decide(context, answers)
  },
}

/** Of the lists that are not of a service: those for clients on this channel. */
const listsFor = ({ revision, source }: SessionContext): readonly AskedList[] =>
  nativeLists(revision.config.dnsLists).filter(
    (_, i) => revision.config.dnsLists.lists[i]?.channels.includes(source) === true,
  )

function exemption({
  revision,
  client,
  service,
}: SessionContext): Pick<StageResult<SessionContext>, 'by' | 'note'> | undefined {
  if (service === 'submission' || service === 'submissions')
    return {
      by: { by: 'built-in', rule: 'DNS lists: users sign in' },
      note: `no list is asked about clients of ${service}`,
    }
  if (isLoopback(client.address))
    return { by: { by: 'built-in', rule: 'DNS lists: loopback' }, note: 'no list is asked about this machine' }
  const own = ownNetworkOf(revision, client.address)
  if (own >= 0)
    return {
      by: revision.where('networks', 'own', own),
      note: `${client.address} is in ${revision.config.networks.own[own]}; no list is asked`,
    }
  const { allow } = revision.config.dnsLists
  const allowed = allow.findIndex((text) => {
    const network = parseNetwork(text)
    return network !== undefined && inNetwork(client.address, network)
  })
  if (allowed < 0) return undefined
  return {
    by: revision.where('dnsLists', 'allow', allowed),
    note: `${client.address} is in ${allow[allowed]}; no list is asked`,
  }
}

function decide(context: SessionContext, answers: readonly ListAnswer[]): StageResult<SessionContext> {
  const { revision, client } = context
  const { threshold } = revision.config.dnsLists
  const whereOf = ({ list }: ListAnswer) => revision.where(...list.setting)
  const said = answers.map(describeAnswer).join('; ')
  const refuse = (by: ListAnswer, text: string, code: 500 | 554, note: string): StageResult<SessionContext> => ({
    // RFC 3463 X.7.1: not authorized. RFC 5321 §3.1: 554 instead of a greeting; 500 is documented for the Dispatcher.
    verdict: { do: 'refuse', reply: reply(code, '7.1', text), close: true },
    by: whereOf(by),
    note: note.slice(0, MAX_NOTE),
  })
  const historical = answers.find(
    ({ list, said: { kind } }) => (list.kind === 'verify' || list.kind === 'rbl') && kind === 'listed',
  )
  if (historical?.said.kind === 'listed') {
    const text = historical.list.kind === 'rbl' ? historical.said.text : ''
    return refuse(historical, text === '' ? VERIFY_REPLY : text, 500, said)
  }
  const verdict = judgeLists(answers, threshold)
  switch (verdict.kind) {
    case 'listed':
      return refuse(verdict.by, replyText(verdict.by, client.address), 554, `${verdict.score} of ${threshold}; ${said}`)
    case 'unsure':
      return {
        // RFC 3463 X.4.3: directory server failure.
        verdict: { do: 'refuse', reply: reply(421, '4.3', 'Cannot look you up now, try again later'), close: true },
        by: revision.where(...verdict.by.list.setting, 'failure'),
        note: said.slice(0, MAX_NOTE),
      }
    case 'allowed':
      return { verdict: { do: 'pass' }, by: whereOf(verdict.by), note: `let in; ${said}`.slice(0, MAX_NOTE) }
    case 'clear':
      return {
        verdict: { do: 'pass' },
        by: revision.where('dnsLists', 'threshold'),
        note: `${verdict.score} of ${threshold}; ${said}`.slice(0, MAX_NOTE),
      }
    default:
      return verdict satisfies never
  }
}

function replyText({ list, said }: ListAnswer, address: string): string {
  const values: Readonly<Record<string, string>> = {
    address,
    zone: list.zone,
    text: said.kind === 'listed' ? said.text : '',
  }
  const text = list.reply.replace(/\{(address|zone|text)\}/g, (_, name: string) => values[name] ?? '')
  return text.trimEnd().replace(/:$/, '')
}
