// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailAddress } from '../address/address.ts'
import type { Notify } from '../envelope/envelope.ts'
import { type NoticeCause, noticeDue } from './parameters.ts'

const CAUSES: NoticeCause[] = ['failure', 'delay', 'delivered', 'expanded', 'relayed-without-dsn', 'relayed-with-dsn']

const rows: { notify: Notify | undefined; due: NoticeCause[] }[] = [
  { notify: undefined, due: ['failure', 'delay'] },
  { notify: 'never', due: [] },
  { notify: ['failure'], due: ['failure'] },
  { notify: ['delay'], due: ['delay'] },
  { notify: ['success'], due: ['delivered', 'expanded', 'relayed-without-dsn'] },
  {
    notify: ['success', 'failure', 'delay'],
    due: ['failure', 'delay', 'delivered', 'expanded', 'relayed-without-dsn'],
  },
]

for (const { notify, due } of rows) {
  test(`NOTIFY ${notify ?? 'absent'}`, () => {
    const recipient = notify === undefined ? {} : { notify }
    assert.deepEqual(
      CAUSES.filter((cause) => noticeDue(recipient, 'a@example.org' as MailAddress, cause)),
      due,
    )
    assert.deepEqual(
      CAUSES.filter((cause) => noticeDue(recipient, null, cause)),
      [],
      'the null sender',
    )
  })
}
