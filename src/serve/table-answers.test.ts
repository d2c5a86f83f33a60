// SPDX-License-Identifier: Apache-2.0
/** Proves: a line that a table asks for is information, a message held for its loop count is an alarm (held_sndopr). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Note } from '../ask/note.ts'
import { systemClock } from '../clock/clock.ts'
import { silentLog } from '../monitor/log.ts'
import { tableAnswers } from './table-answers.ts'

for (const { kind, want } of [
  { kind: 'syslog', want: 'info access.syslog' },
  { kind: 'connection', want: 'info access.connection' },
  { kind: 'loop', want: 'error alarm.loop' },
] as const)
  test(`a note of kind ${kind} is logged as ${want}`, () => {
    const told: string[] = []
    const log = {
      ...silentLog,
      info: (event: string, fields?: object) => void told.push(`info ${event} ${JSON.stringify(fields)}`),
      error: (event: string, fields?: object) => void told.push(`error ${event} ${JSON.stringify(fields)}`),
    }
    const answers = tableAnswers({
      callOuts: new Map(),
      ldapText: async () => ({ kind: 'absent' }),
      clock: systemClock,
      log,
    })
    const note: Note = {
      kind,
      facility: 'mail',
      severity: 'notice',
      text: 'what',
      by: 'who',
      session: 's',
      message: 'm',
    }
    answers.note({ ask: 'note', note })
    const fields = { facility: 'mail', severity: 'notice', text: 'what', by: 'who', session: 's', message: 'm' }
    assert.deepEqual(told, [`${want} ${JSON.stringify(fields)}`])
  })
