// SPDX-License-Identifier: Apache-2.0
/** Inputs to begin with, from files that the repository has anyway. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseScript } from '../conversations/script.ts'

const ROOT = join(import.meta.dirname, '../..')

const read = (pattern: string): readonly Buffer[] =>
  globSync(pattern, { cwd: ROOT })
    .sort()
    .map((name) => readFileSync(join(ROOT, name)))

/** What the client says in each conversation file, up to a TLS handshake, with the service it says it to. */
export const conversations: readonly { readonly service: string; readonly octets: Buffer }[] = read(
  'test/conversations/*.txt',
).map((file) => {
  const { service, steps } = parseScript('a conversation', file.toString('utf8'))
  const tls = steps.findIndex((step) => step.do === 'tls')
  const sent = (tls < 0 ? steps : steps.slice(0, tls)).flatMap((step) => (step.do === 'send' ? [step.octets] : []))
  return { service, octets: Buffer.concat(sent) }
})

export const commandLines: readonly Buffer[] = [
  ...new Set(conversations.flatMap(({ octets }) => octets.toString('latin1').split('\r\n'))),
]
  .filter((line) => line.length < 1000)
  .map((line) => Buffer.from(line, 'latin1'))

export const notices = read('src/dsn/golden/*.eml')
