// SPDX-License-Identifier: Apache-2.0
/** A running server that takes its configuration anew: warnings are told, errors change nothing. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { connectControl } from '../../src/control/client.ts'
import { startSite } from '../interop/site.ts'

test('reload says what the configuration is warned about, and keeps the old one when it has errors', async () => {
  await using site = await startSite()
  await using client = await connectControl(join(site.directory, 'control.sock'))
  const path = join(site.directory, 'postern.yaml')
  const written = JSON.parse(await readFile(path, 'utf8'))
  const unreachable = [
    { domain: '*', channel: 'tcp_local' },
    { domain: 'example.net', channel: 'tcp_local' },
  ]
  await writeFile(path, JSON.stringify({ ...written, routes: unreachable }, undefined, 2))
  const { before, revision, notes } = await client.call('reload', {})
  assert.notEqual(revision, before)
  assert.match(notes.join('\n'), /^postern\.yaml:\d+: warning: .*example\.net/m)

  await writeFile(path, JSON.stringify({ ...written, routes: 'none' }))
  await assert.rejects(client.call('reload', {}), { name: 'ControlRefused', code: 'invalid-configuration' })
  assert.equal((await client.call('status', {})).revision, revision)
})
