// SPDX-License-Identifier: Apache-2.0
/** The golden notices as a reader that we did not write sees them: Python's email package. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const folder = join(import.meta.dirname, 'golden')
const READ = `
import email, email.policy, json, sys
message = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)
parts = list(message.walk())
print(json.dumps({
  'type': message.get_content_type(),
  'parts': [part.get_content_type() for part in message.iter_parts()],
  'report': message.get_param('report-type'),
  'defects': [str(defect) for part in parts for defect in part.defects],
}))
`
const skip = spawnSync('python3', ['--version']).status === 0 ? false : 'python3 is not installed'

for (const file of readdirSync(folder)) {
  test(`Python reads ${file}`, { skip, timeout: 10_000 }, () => {
    const { stdout, stderr } = spawnSync('python3', ['-c', READ, join(folder, file)], { encoding: 'utf8' })
    const got: unknown = JSON.parse(stdout || JSON.stringify(stderr))
    const global = file.includes('smtputf8')
    const whole = ['failure-remote.eml', 'failure-smtputf8.eml'].includes(file)
    const status = global ? 'global-delivery-status' : 'delivery-status'
    assert.deepEqual(got, {
      type: 'multipart/report',
      parts: [
        'text/plain',
        `message/${status}`,
        global ? 'message/global' : whole ? 'message/rfc822' : 'text/rfc822-headers',
      ],
      report: status,
      defects: [],
    })
  })
}
