// SPDX-License-Identifier: Apache-2.0
/**
 * What the demo sends, and what must come of it. Each scenario has a sender of its own, by which its trace is found
 * again; the verdict, the place that decided and the fate of every recipient are all checked.
 */
import type { DemoReply } from './client.ts'
import { DemoClient } from './client.ts'
import { DEMO_DOMAIN, DEMO_PASSWORD, type DemoPorts, INSIDE_CLIENT, OUTSIDE_CLIENT, SERVER_ADDRESS } from './site.ts'

export interface Scenario {
  readonly what: string
  /** The envelope sender; unique among the scenarios. */
  readonly from: string
  /** Runs the dialogue; the reply that matters comes back. */
  readonly send: (ports: DemoPorts) => Promise<DemoReply>
  /** The code of that reply. */
  readonly code: number
  /** What becomes of the recipients, by the result in the delivery records; none where the message was refused. */
  readonly ends: readonly ('delivered' | 'relayed' | 'failed' | 'deferred')[]
  /** The stage whose decision the table shows. */
  readonly stage: string
  /** What the place that decided looks like: a piece of its one-line form. */
  readonly decidedBy: string
}

interface Mail {
  readonly client?: string
  readonly port: number
  readonly tls?: boolean
  readonly login?: string
  readonly from: string
  readonly to: readonly string[]
  readonly mailParameters?: string
  readonly content?: string
  /** Content by BDAT, in this many pieces. */
  readonly chunks?: number
}

const SINK_DOMAIN = 'partner.test'
const local = (name: string): string => `${name}@${DEMO_DOMAIN}`
const outside = (name: string): string => `${name}@outside.test`

/** One message in one session. Ends at the first refusal; returns the last reply. */
async function send(mail: Mail): Promise<DemoReply> {
  const { client } = await DemoClient.connect({
    from: mail.client ?? OUTSIDE_CLIENT,
    to: { address: SERVER_ADDRESS, port: mail.port },
    ...(mail.tls === undefined ? {} : { tls: mail.tls }),
  })
  await using open = client
  const commands = ['EHLO client.outside.test']
  if (mail.login !== undefined) {
    const response = Buffer.from(`\0${mail.login}\0${DEMO_PASSWORD}`).toString('base64')
    commands.push(`AUTH PLAIN ${response}`)
  }
  commands.push(`MAIL FROM:<${mail.from}>${mail.mailParameters ?? ''}`, ...mail.to.map((to) => `RCPT TO:<${to}>`))
  for (const command of commands) {
    const reply = await open.command(command)
    if (reply.code >= 400) return reply
  }
  const content = mail.content ?? message(mail)
  if (mail.chunks !== undefined) return await sendChunks(open, content, mail.chunks)
  const go = await open.command('DATA')
  if (go.code !== 354) return go
  open.send(`${content}.\r\n`)
  return await open.reply()
}

async function sendChunks(client: DemoClient, content: string, chunks: number): Promise<DemoReply> {
  const bytes = Buffer.from(content)
  const step = Math.ceil(bytes.length / chunks)
  let reply: DemoReply = { code: 0, lines: [] }
  for (let at = 0; at < bytes.length; at += step) {
    const piece = bytes.subarray(at, at + step)
    client.send(`BDAT ${piece.length}${at + step >= bytes.length ? ' LAST' : ''}\r\n`)
    client.send(piece)
    reply = await client.reply()
  }
  return reply
}

const message = ({ from, to }: Pick<Mail, 'from' | 'to'>, body = 'Hello from the demo.\r\n'): string =>
  [
    `From: <${from}>`,
    `To: ${to.map((address) => `<${address}>`).join(', ')}`,
    'Subject: A message of the demo',
    'Date: Tue, 01 Sep 2026 10:00:00 +0000',
    `Message-ID: <${from.replace('@', '.')}@client.outside.test>`,
    '',
    body,
  ].join('\r\n')

/** A first message that tries to carry a second one behind an end of data that is none. */
const smuggling = (mail: Pick<Mail, 'from' | 'to'>): string =>
  `${message(mail)}\n.\nMAIL FROM:<${outside('smuggled')}>\r\nRCPT TO:<${local('kim')}>\r\nDATA\r\nSubject: smuggled\r\n\r\nboo\r\n`

export const SCENARIOS: readonly Scenario[] = [
  {
    what: 'outside → local user',
    from: outside('alice'),
    send: ({ smtp: port }) => send({ port, from: outside('alice'), to: [local('kim')] }),
    code: 250,
    ends: ['delivered'],
    stage: 'aliases',
    decidedBy: `user kim@${DEMO_DOMAIN}`,
  },
  {
    what: 'outside → alias and nested group',
    from: outside('bob'),
    send: ({ smtp: port }) => send({ port, from: outside('bob'), to: [local('staff')] }),
    code: 250,
    ends: ['delivered', 'delivered', 'delivered'],
    stage: 'aliases',
    decidedBy: 'aliases:',
  },
  {
    what: 'outside → subaddress folder',
    from: outside('carol'),
    send: ({ smtp: port }) => send({ port, from: outside('carol'), to: [local('kim+lists')] }),
    code: 250,
    ends: ['delivered'],
    stage: 'aliases',
    decidedBy: `user kim@${DEMO_DOMAIN}`,
  },
  {
    what: 'signed-in user → outside',
    from: local('lee'),
    send: ({ submissions: port }) =>
      send({ port, tls: true, login: local('lee'), from: local('lee'), to: [`pat@${SINK_DOMAIN}`] }),
    code: 250,
    ends: ['relayed'],
    stage: 'relay guard',
    decidedBy: 'channels.tcp_auth.sasl',
  },
  {
    what: 'own network → outside',
    from: outside('printer'),
    send: ({ smtp: port }) =>
      send({ port, client: INSIDE_CLIENT, from: outside('printer'), to: [`pat@${SINK_DOMAIN}`] }),
    code: 250,
    ends: ['relayed'],
    stage: 'own networks',
    decidedBy: 'INTERNAL_IP',
  },
  {
    what: 'outside → outside (relay attempt)',
    from: outside('mallory'),
    send: ({ smtp: port }) => send({ port, from: outside('mallory'), to: [`victim@${SINK_DOMAIN}`] }),
    code: 550,
    ends: [],
    stage: 'ORIG_SEND_ACCESS',
    decidedBy: 'mappings:',
  },
  {
    what: 'unknown user',
    from: outside('dave'),
    send: ({ smtp: port }) => send({ port, from: outside('dave'), to: [local('nobody')] }),
    code: 550,
    ends: [],
    stage: 'aliases',
    decidedBy: `domain ${DEMO_DOMAIN}`,
  },
  {
    what: 'declared larger than allowed',
    from: outside('erin'),
    send: ({ smtp: port }) =>
      send({ port, from: outside('erin'), to: [local('kim')], mailParameters: ' SIZE=9000000' }),
    code: 552,
    ends: [],
    stage: 'declared size',
    decidedBy: 'limits.messageSize',
  },
  {
    what: 'smuggling attempt by bare LF',
    from: outside('trudy'),
    send: ({ smtp: port }) => {
      const mail = { from: outside('trudy'), to: [local('kim')] }
      return send({ port, ...mail, content: smuggling(mail) })
    },
    code: 554,
    ends: [],
    stage: 'bare newlines',
    decidedBy: 'channels.tcp_local.bareNewlines',
  },
  {
    what: 'CHUNKING, in three pieces',
    from: outside('frank'),
    send: ({ smtp: port }) => {
      const mail = { from: outside('frank'), to: [local('ada')] }
      return send({ port, ...mail, chunks: 3, content: message(mail, `${'A line of text.\r\n'.repeat(2000)}`) })
    },
    code: 250,
    ends: ['delivered'],
    stage: 'message size',
    decidedBy: 'limits.messageSize',
  },
  {
    what: 'SMTPUTF8, address in UTF-8',
    from: outside('grüße'),
    send: ({ smtp: port }) =>
      send({ port, from: outside('grüße'), to: [local('jürgen')], mailParameters: ' SMTPUTF8' }),
    code: 250,
    ends: ['delivered'],
    stage: 'aliases',
    decidedBy: `user jürgen@${DEMO_DOMAIN}`,
  },
  {
    what: 'refused by the next hop: a bounce is made',
    from: local('ada'),
    send: ({ submissions: port }) =>
      send({ port, tls: true, login: local('ada'), from: local('ada'), to: [`gone@${SINK_DOMAIN}`] }),
    code: 250,
    ends: ['failed'],
    stage: 'delivery',
    decidedBy: '550',
  },
  {
    what: 'deferred by the next hop, then delivered',
    from: local('kim'),
    send: ({ submissions: port }) =>
      send({ port, tls: true, login: local('kim'), from: local('kim'), to: [`later@${SINK_DOMAIN}`] }),
    code: 250,
    ends: ['deferred', 'relayed'],
    stage: 'delivery',
    decidedBy: '250',
  },
]
