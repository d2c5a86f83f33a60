// SPDX-License-Identifier: Apache-2.0
/** Random mappings files of the kind sites have: rows of all access tables, with every flag they know. */
import type { Draw } from './draw.ts'

const SENDERS = ['*', '*@example.net', 'kim@*', '$_*@%*.example', 'spam%@*', '', 'kim@example.org', '*.net', '%*@*']
const RECIPIENTS = ['*', 'kim@*', '*@example.org', 'team@example.org', '*@example.com', 'far@*', '$A*@*', '*+*@*']
const CHANNELS = [
  '*',
  'tcp_local',
  'tcp_*',
  'tcp_intranet',
  'tcp_auth',
  'tcp_submit',
  'tcp_lmtpss',
  'l',
  'ims-ms',
  '$[tcp_a-z]*',
]
const CLIENTS = [
  '*',
  '$(198.51.100.0/25)',
  '198.51.100.*',
  '$<192.0.2.0/8>',
  '127.0.0.9',
  `$\{2001:db8::/33}`,
  '$D*.$D*.$D*.9',
]
const APPLICATIONS = ['*', 'SMTP*', 'SMTP/mx.example.net', 'LMTP*', '*TLS*', 'SMTP']
const TEXTS = [
  'Go$ away',
  '4.7.1$ later',
  '450$ 4.2.1$ slow$ down',
  '554$ no$ $0',
  'bars|in|it',
  '',
  'for$ $1',
  '$\\UPPER$_Case$^low',
]

export function randomMappings(draw: Draw): string {
  const tables: string[] = []
  const add = (name: string, most: number, row: () => string): void => {
    if (!draw.chance(0.75)) return
    const rows = Array.from({ length: draw.below(most) + 1 }, row)
    tables.push(`${name}\n\n${rows.map((each) => `  ${each}\n`).join('')}`)
  }
  add('PORT_ACCESS', 4, () => `${portPattern(draw)}  ${portTemplate(draw)}`)
  add('INTERNAL_IP', 3, () => `${draw.of(CLIENTS)}  ${draw.of(['$Y', '$N', '$Y', '$N', '$C$Y', 'x'])}`)
  add('FROM_ACCESS', 5, () => `${fromPattern(draw)}  ${template(draw, FROM_FLAGS)}`)
  for (const name of ['ORIG_SEND_ACCESS', 'SEND_ACCESS'])
    add(name, 6, () => `${recipientPattern(draw)}  ${template(draw, RECIPIENT_FLAGS)}`)
  for (const name of ['ORIG_MAIL_ACCESS', 'MAIL_ACCESS'])
    add(name, 5, () => `${connection(draw)}|MAIL|${recipientPattern(draw)}  ${template(draw, RECIPIENT_FLAGS)}`)
  tables.push('OTHER\n\n  *@example.net|*  $Y$1\n  kim*  $Ykim\n  *|*  $N\n')
  return tables.join('\n')
}

const connection = (draw: Draw): string =>
  draw.chance(0.5) ? `*|${draw.of(APPLICATIONS)}` : `TCP|*|*|${draw.of(CLIENTS)}|*|${draw.of(APPLICATIONS)}`

const recipientPattern = (draw: Draw): string =>
  draw.chance(0.1)
    ? draw.of(['*', '*|*|*|*', 'tcp_local|*|tcp_local|*', '*|*|$0*|*'])
    : `${draw.of(CHANNELS)}|${draw.of(SENDERS)}|${draw.of(CHANNELS)}|${draw.of(RECIPIENTS)}`

const fromPattern = (draw: Draw): string =>
  `${connection(draw)}|MAIL|${draw.of(CHANNELS)}|${draw.of(SENDERS)}|${draw.of(['*', '', 'kim@*'])}`

const portPattern = (draw: Draw): string =>
  draw.of([`TCP|*|25|${draw.of(CLIENTS)}|*`, `*|*|*|${draw.of(CLIENTS)}|*`, '*|*|*|*|*', '*'])

const portTemplate = (draw: Draw): string =>
  draw.of([
    '$C$|INTERNAL_IP;$3|$Y$E',
    '$YEXTERNAL',
    '$N',
    '$N550$ Go$ away',
    '$:A$N500$ first',
    '$;A$N421$ second',
    '$Ytext||log$ me',
    '$T$N554$ no',
    '$<$Yseen',
    '$C$?0?$N421$ never$E',
  ])

/** In the order their arguments are read, with arguments. */
const RECIPIENT_FLAGS: readonly (readonly [flag: string, argument: readonly string[]])[] = [
  ['<', ['seen$ $0']],
  ['>', ['refused$ $0']],
  ['D', ['0', '-1', 'x']],
  ['T', ['tag']],
  ['A', ['X-Seen:$ yes', 'bad', 'X-From:$ $0']],
  ['G', ['gold', 'gold,silver']],
  ['M', ['capture@example.org', 'nobody']],
  ['X', ['5.7.9', '4.7.9', 'x']],
  [',', ['5']],
]
const FROM_FLAGS: typeof RECIPIENT_FLAGS = [
  ['J', ['kim@example.org', '$5', 'bad@@', '']],
  ['K', ['kim@example.org']],
  ...RECIPIENT_FLAGS.slice(0, 7),
  ['S', ['10', '10,3', '10,3,2', 'x']],
  ...RECIPIENT_FLAGS.slice(7),
]
const PLAIN = ['Y', 'B', 'H', 'V', 'Z', 'Y', 'Y']

function template(draw: Draw, withArgument: typeof RECIPIENT_FLAGS): string {
  const flags: string[] = []
  const texts: string[] = []
  for (const [flag, choices] of withArgument)
    if (draw.chance(0.1)) {
      flags.push(`$${flag}`)
      // Now and then one is missing.
      if (draw.chance(0.9)) texts.push(draw.of(choices))
    }
  if (draw.chance(0.25)) flags.push(`$${draw.of(PLAIN)}`)
  if (draw.chance(0.25)) {
    flags.push(draw.of(['$N', '$F']))
    if (draw.chance(0.6)) texts.push(draw.of(TEXTS))
  } else if (draw.chance(0.5)) flags.push('$Y')
  const begins = draw.of([
    '',
    '',
    '',
    '',
    '$C',
    '$C$|OTHER;$0|$E',
    '$:A',
    '$;A',
    '$:T',
    '$:E',
    '$?100?',
    '$?40?',
    '$?30?',
    '$C$?0?$E',
    '$L',
    '$R',
  ])
  return `${begins}${flags.join('')}${texts.join('|')}` || '$Y'
}
