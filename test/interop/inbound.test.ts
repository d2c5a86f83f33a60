// SPDX-License-Identifier: Apache-2.0
/** Clients of others hand mail to this server, and it is in the user's Maildir. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTransport } from 'nodemailer'
import { missing } from '../peers/install.ts'
import { run } from './programs.ts'
import { DOMAIN, HOST, PASSWORD, startSite } from './site.ts'

const LEE = `lee@${DOMAIN}`
const KIM = `kim@${DOMAIN}`
const USERS = { users: ['kim', 'lee'] }

/** TLS of swaks is a Perl module of its own, which need not be there. */
const swaksTls =
  missing('swaks') ||
  ((await run('swaks', ['--support'])).output.includes('TLS not available') ? 'swaks without Net::SSLeay' : false)

const SWAKS = [
  { how: 'STARTTLS and AUTH PLAIN', args: ['-tls', '-a', 'PLAIN'], keyword: 'ESMTPSA', skip: swaksTls },
  { how: 'STARTTLS and AUTH LOGIN', args: ['-tls', '-a', 'LOGIN'], keyword: 'ESMTPSA', skip: swaksTls },
  { how: 'AUTH PLAIN in the clear', args: ['-a', 'PLAIN'], keyword: 'ESMTPA', skip: missing('swaks') },
  { how: 'AUTH LOGIN in the clear', args: ['-a', 'LOGIN'], keyword: 'ESMTPA', skip: missing('swaks') },
]

for (const { how, args, keyword, skip } of SWAKS) {
  const signIn = (port: number, password: string) => [
    ...['--server', `${HOST}:${port}`, ...args, '-au', LEE, '-ap', password],
    ...['--from', LEE, '--to', KIM, '--header', 'Subject: from swaks', '--body', '.a dot\\n..two dots'],
  ]

  test(`swaks: submission with ${how}`, { skip }, async () => {
    await using site = await startSite({ ...USERS, sasl: { plaintextOnLoopback: true } })
    const { code, output } = await run('swaks', signIn(site.ports.submission, PASSWORD))
    assert.equal(code, 0, output)
    const [mail = ''] = await site.mail('kim', 1)
    assert.match(mail, /^Return-Path: <lee@demo\.test>\r?\n/)
    assert.match(mail, new RegExp(`^Received: [^;]*\\swith\\s+${keyword}\\s`, 'm'))
    assert.match(mail, /\nSubject: from swaks\r?\n/)
    assert.match(mail, /\n\.a dot\r?\n\.\.two dots\r?\n/)
  })

  test(`swaks: a wrong password with ${how} is refused, and nothing arrives`, { skip }, async () => {
    await using site = await startSite({ ...USERS, sasl: { plaintextOnLoopback: true } })
    const { code, output } = await run('swaks', signIn(site.ports.submission, 'wrong'))
    assert.notEqual(code, 0)
    assert.match(output, /^<[~*]\* +535 5\.7\.8 /m)
    assert.deepEqual(await site.mail('kim', 0), [])
  })
}

test('swaks: no AUTH in the clear where it is not allowed', { skip: missing('swaks') }, async () => {
  await using site = await startSite(USERS)
  const { code, output } = await run('swaks', [
    ...['--server', `${HOST}:${site.ports.submission}`, '-a', 'PLAIN', '-au', LEE, '-ap', PASSWORD],
    ...['--from', LEE, '--to', KIM],
  ])
  assert.notEqual(code, 0, output)
  assert.doesNotMatch(output, /AUTH PLAIN \S/)
})

test('Postfix smtp-source: fifty messages in five sessions', { skip: missing('smtp-source') }, async () => {
  await using site = await startSite(USERS)
  const { code, output } = await run('smtp-source', [
    ...['-m', '50', '-s', '5', '-l', '3000', '-M', 'source.test', '-f', 'sender@source.test', '-t', KIM],
    `${HOST}:${site.ports.smtp}`,
  ])
  assert.equal(code, 0, output)
  const mails = await site.mail('kim', 50)
  assert.equal(mails.length, 50)
  for (const mail of mails) assert.match(mail, /^Return-Path: <sender@source\.test>\r?\n/)
  assert.equal(new Set(mails.map((mail) => /\sid\s+(\S+)/.exec(mail)?.[1])).size, 50, 'every message has its own id')
})

const SMTPLIB = `
import smtplib, ssl, sys
from email.message import EmailMessage
host, smtp, submissions, user, password, to = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE

message = EmailMessage()
message['From'], message['To'], message['Subject'] = 'sender@python.test', to, 'smtp'
message.set_content('.dot\\nbody\\n')
with smtplib.SMTP(host, int(smtp), local_hostname='python.test', timeout=10) as client:
    client.starttls(context=context)
    client.send_message(message)

del message['From'], message['Subject']
message['From'], message['Subject'] = user, 'submissions'
with smtplib.SMTP_SSL(host, int(submissions), local_hostname='python.test', context=context, timeout=10) as client:
    client.login(user, password)
    client.send_message(message)
`

test('Python smtplib: STARTTLS on smtp, login on submissions', { skip: missing('python3') }, async () => {
  await using site = await startSite(USERS)
  const { smtp, submissions } = site.ports
  const { code, output } = await run('python3', [
    ...['-c', SMTPLIB, HOST, String(smtp), String(submissions), LEE, PASSWORD, KIM],
  ])
  assert.equal(code, 0, output)
  const mails = await site.mail('kim', 2)
  const subjects = mails.map((mail) => /\nSubject: (\w+)/.exec(mail)?.[1])
  assert.deepEqual(subjects.toSorted(), ['smtp', 'submissions'])
  for (const mail of mails) assert.match(mail, /\n\.dot\r?\nbody\r?\n/)
})

test('nodemailer: submissions, and STARTTLS on submission, with an attachment', async () => {
  await using site = await startSite(USERS)
  const attachment = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 7) % 256))
  for (const [port, secure] of [
    [site.ports.submissions, true],
    [site.ports.submission, false],
  ] as const) {
    const transport = createTransport({
      host: HOST,
      port,
      secure,
      requireTLS: !secure,
      auth: { user: LEE, pass: PASSWORD },
      tls: { rejectUnauthorized: false },
    })
    const sent = await transport.sendMail({
      from: LEE,
      to: KIM,
      subject: secure ? 'submissions' : 'submission',
      text: 'Grüße',
      attachments: [{ filename: 'octets.bin', content: attachment }],
    })
    transport.close()
    assert.deepEqual(sent.accepted, [KIM])
  }
  const mails = await site.mail('kim', 2)
  assert.equal(mails.length, 2)
  const encoded = attachment.toString('base64')
  for (const mail of mails) {
    assert.match(mail, /\nSubject: submissions?\r?\n/)
    assert.ok(mail.replaceAll(/\r?\n/g, '').includes(encoded), 'the attachment is whole')
  }
})
