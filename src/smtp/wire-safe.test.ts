// SPDX-License-Identifier: Apache-2.0
/** Proves: no text with a line end in it counts as safe to write. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wireSafe } from './wire-safe.ts'

test('what may be written into a command', () => {
  for (const text of ['', 'MAIL FROM:<jürgen@a>']) assert.ok(wireSafe(text))
  for (const text of ['a\r', 'a\nb', '\0', 'a\r\nRCPT TO:<b@c>']) assert.ok(!wireSafe(text))
})
