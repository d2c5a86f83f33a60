// SPDX-License-Identifier: Apache-2.0
/**
 * The scripts and messages: rules of the kinds that people's filters are made of, in turn. No rule but the last one
 * matches, so that each is gone through; the last one files the message.
 */

type Kind = (n: number) => string

const KINDS: readonly Kind[] = [
  (n) => `if header :contains "subject" "[project-${n}]" { fileinto "Projects.p${n}"; stop; }`,
  (n) => `if address :is :all "from" "person${n}@example.org" { fileinto "People.n${n}"; stop; }`,
  (n) => `if header :contains "list-id" "<list${n}.lists.example.org>" { fileinto "Lists.l${n}"; stop; }`,
  (n) =>
    `if address :domain :is ["from", "reply-to"] ["shop${n}.example", "mail.shop${n}.example"] { addflag "shop"; keep; stop; }`,
  (n) => `if header :matches "subject" "*ticket-${n}:*closed*" { fileinto "Tickets"; stop; }`,
  (n) =>
    `if allof (header :contains ["to", "cc"] "team${n}@", not header :is "x-spam-flag" "YES") { fileinto "Teams.t${n}"; stop; }`,
  (n) => `if anyof (address :localpart :is "from" "robot${n}", header :is "x-mailer" "Mailer ${n}") { discard; stop; }`,
  (n) => `if allof (size :over ${n + 10}M, exists "x-backup") { discard; stop; }`,
  (n) =>
    `if header :is "subject" ["Report ${n}", "Daily report ${n}", "Weekly report ${n}"] { setflag "\\\\Seen"; fileinto "Reports"; stop; }`,
  (n) => `if envelope :detail :is "to" "tag${n}" { fileinto "Tags.t${n}"; stop; }`,
]

export const script = (rules: number): string =>
  [
    'require ["fileinto", "envelope", "imap4flags", "subaddress"];',
    ...Array.from({ length: rules - 1 }, (_, n) => KINDS[n % KINDS.length]?.(n) ?? ''),
    'if header :contains "subject" "meeting" { fileinto "Meetings"; stop; }',
    '',
  ].join('\n')

export const SENDER = 'kim@sender.example'
export const RECIPIENT = 'lee+filters@example.org'

/** A message as it comes through a relay or two, with two parts; `bytes` in all. */
export function message(bytes: number): Buffer {
  const head = [
    ...Array.from(
      { length: 3 },
      (_, i) =>
        `Received: from mx${i}.sender.example (mx${i}.sender.example [192.0.2.${i + 1}])\r\n\tby mx.example.org with ESMTPS id 4f${i}a\r\n\tfor <lee@example.org>; Tue, 24 Nov 2026 12:00:0${i} +0000`,
    ),
    'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=s1;\r\n\th=from:to:subject:date; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n\tb=dGhpcyBpcyBubyBzaWduYXR1cmUgYXQgYWxs',
    'From: Kim Example <kim@sender.example>',
    'To: Lee Example <lee+filters@example.org>, Robin <robin@example.org>',
    'Cc: "Team, the whole" <team@example.org>',
    'Subject: =?utf-8?q?Meeting_on_Thursday=3A_gr=C3=BC=C3=9Fe?= and the agenda',
    'Date: Tue, 24 Nov 2026 12:00:00 +0000',
    'Message-ID: <4f1a.1@sender.example>',
    'List-Id: Team talk <talk.lists.sender.example>',
    'X-Mailer: Example Mail 4.2',
    'MIME-Version: 1.0',
    'Content-Type: multipart/alternative; boundary="b1"',
  ].join('\r\n')
  const part = (type: string, text: string): string => `--b1\r\nContent-Type: ${type}; charset=utf-8\r\n\r\n${text}\r\n`
  const line = 'What we talked about the last time, and what is left to be done.\r\n'
  const rest = bytes - head.length - 200
  const text = line.repeat(Math.ceil(rest / 2 / line.length)).slice(0, rest / 2)
  const whole = `${head}\r\n\r\n${part('text/plain', text)}${part('text/html', `<p>${text}</p>`)}--b1--\r\n`
  return Buffer.from(whole)
}
