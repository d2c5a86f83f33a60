// SPDX-License-Identifier: Apache-2.0
/** What the mapping language asks, as questions of the house (design 2.1). The general table is part of the revision. */
import { resolve } from 'node:path'
import { parseDomain } from '../../address/path.ts'
import { type Asking, ask } from '../../ask/ask.ts'
import type { Lookup } from '../../ask/lookup.ts'
import type { Revision } from '../../config/revision.ts'
import type { MappingAdapter } from '../../mapping/index.ts'

export const mappingAdapter = (revision: Revision): MappingAdapter => ({
  random: (question) => ask(question),
  'mapping.sequence': ({ file }) => ask({ ask: 'mapping.sequence', file: resolve(revision.directory, file) }),
  'mapping.url': (question) => ask(question),
  *'mapping.general'({ key }) {
    const value = revision.tables?.general.get(key)
    return value === undefined ? { kind: 'absent' } : { kind: 'found', value }
  },
  'mapping.domain': domainAttribute,
  'mapping.call': (question) => ask(question),
})

function* domainAttribute({
  domain,
  attribute,
}: {
  readonly domain: string
  readonly attribute: string
}): Asking<Lookup<string>> {
  const name = parseDomain(domain)
  return name === undefined ? { kind: 'absent' } : yield* ask({ ask: 'directory.attribute', domain: name, attribute })
}
