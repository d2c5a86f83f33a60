// SPDX-License-Identifier: Apache-2.0
/** Messages that have what tests look at: folds, encoded words, octets that are no ASCII, parts, odd addresses and dates. */

const crlf = (text: string): string => text.replaceAll('\n', '\r\n')
const utf8 = (text: string): Buffer => Buffer.from(crlf(text))

export interface Sample {
  readonly name: string
  readonly octets: Buffer
}

/** What tests are drawn for: both sides read these in the same way. */
export const MESSAGES: readonly Sample[] = [
  {
    name: 'plain',
    octets: utf8(`Return-Path: <kim@sender.example>
From: Kim Example <kim+work@Sender.Example>
To: "Lee, the first" <lee@example.org>, robin@example.org
Cc: (nobody) Team <team+a+b@lists.example.org>
Subject: Meeting on Thursday * and ?
Date: Tue, 24 Nov 2026 12:34:56 +0200
Message-ID: <1@sender.example>
X-Priority: 3
X-Empty:
X-Spaces:   both ends \t

A short text.
Second line with 42 and "quotes".
`),
  },
  {
    name: 'encoded',
    octets: utf8(`From: =?utf-8?q?J=C3=BCrgen_M=C3=BCller?= <juergen@example.de>
To: =?iso-8859-1?Q?Andr=E9?= <andre@example.fr>
Subject: =?utf-8?B?R3LDvMOfZSBhdXMgS8O2bG4=?= =?utf-8?Q?_und?= mehr
Subject: second subject
X-Raw: Grüße in UTF-8
X-Broken: =?utf-8?q?no end
Date: Wed, 1 Jan 2025 00:00:00 GMT
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Gr=C3=BC=C3=9Fe, this is a soft=
 break.
`),
  },
  {
    name: 'parts',
    octets: utf8(`From: robot@shop.example
To: lee+orders@example.org
Subject: Order 4711: thank you
X-Count: 0042
X-Count: 7
X-Count: 100
Date: Mon, 23 Nov 2026 23:59:59 -0500
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

The prologue nobody reads.
--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=us-ascii

Plain words here.
--inner
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PGh0bWw+PGJvZHk+PGI+Qm9sZCBvZmZlcjwvYj48L2JvZHk+PC9odG1sPg==
--inner--
--outer
Content-Type: application/octet-stream; name="secret.bin"
Content-Transfer-Encoding: base64

c2VjcmV0IHBheWxvYWQ=
--outer--
The epilogue.
`),
  },
  {
    name: 'list',
    octets: utf8(`Received: from a.example by b.example; Tue, 24 Nov 2026 01:00:00 +0000
Received: from c.example by a.example; Tue, 24 Nov 2026 00:59:00 +0000
From: "Chris (office)" <chris@example.net>
Sender: owner-talk@lists.example.net
To: talk@lists.example.net, undisclosed: lee@example.org, kim@example.org;
Reply-To: Talk <talk@lists.example.net>,
 <second@lists.example.net>
List-Id: Talk about things <talk.lists.example.net>
List-Unsubscribe: <mailto:talk-request@lists.example.net>
Precedence: list
Subject: [talk] Re: folded
 subject line
 with more
In-Reply-To: <0@example.net>

text
`),
  },
  {
    name: 'forwarded',
    octets: utf8(`From: a@example.org
To: b@example.org
Subject: Fwd: look
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

See below.
--b
Content-Type: message/rfc822

From: inner@example.com
Subject: Inner subject
Content-Type: text/plain

Inner text.
--b--
`),
  },
  { name: 'no body', octets: utf8('From: a@example.org\nTo: b@example.org\nSubject: nothing below\n\n') },
  {
    name: 'odd addresses',
    octets: utf8(`From: "odd.local"@example.org
To: plain@example.org, <angled@example.org>
Cc: "a, b" <c@example.org>
Bcc: a@[192.0.2.1], "quoted+detail"@example.org
Reply-To: x@EXAMPLE.ORG (comment (nested)), y+@example.org, +z@example.org
Subject: odd
Date: Fri, 28 Feb 2025 12:00 EST

x
`),
  },
]

/** What the two read differently on purpose (docs/quirks/sieve-and-pigeonhole.md). */
export const STRANGE: Sample = {
  name: 'strange',
  octets: Buffer.from(
    crlf(
      'From: "odd local"@example.org\nTo: <>, @route.example:routed@example.org\nCc: no address at all\nSubject: Gr\xfc\xdfe\nX-Unknown: =?x-none?q?abc?=\nX-Fold: one\n\ttwo\nX-Short: 24\nX-Word: =?utf-8?q?gr=C3=BCn?=\nDate: Tue, 24 Nov 2026 12:00:00 +0000\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\nSch\xf6ne Gr\xfc\xdfe\n',
    ),
    'latin1',
  ),
}
