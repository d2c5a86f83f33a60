// SPDX-License-Identifier: Apache-2.0
/** What mapping tables ask of a server that runs: files, call-outs, lines for the log. */
import type { Host } from '../ask/ask.ts'
import { type CallOuts, runCallOut } from '../ask/call-outs.ts'
import type { Lookup } from '../ask/lookup.ts'
import type { Clock } from '../clock/clock.ts'
import type { Log } from '../monitor/log.ts'
import { sequenceFiles } from '../state/sequence-files.ts'
import { isInGroup } from '../state/system-groups.ts'
import { urlText } from '../state/url-texts.ts'

/** Names of routines told in the log once each; a table can make up any number of them. */
const MAX_TOLD = 1000

/** `wait` holds nobody up here: where there is a session, its connection answers. */
export function tableAnswers({
  callOuts,
  ldapText,
  clock,
  log,
}: {
  readonly callOuts: CallOuts
  /** Answers `ldap:` URLs. */
  readonly ldapText: (url: string) => Promise<Lookup<string>>
  readonly clock: Clock
  readonly log: Log
}): Pick<Host, 'mapping.sequence' | 'mapping.url' | 'mapping.call' | 'system.group' | 'wait' | 'note'> {
  const take = sequenceFiles(clock)
  const told = new Set<string>()
  return {
    'mapping.sequence': ({ file }) => take(file),
    'mapping.url': ({ url }) => urlText(url, ldapText),
    'mapping.call': (question, signal) => {
      const answer = runCallOut(callOuts, question, signal)
      if ('kind' in answer && answer.kind === 'unknown') {
        const name = `${question.image},${question.routine}`
        if (!told.has(name) && told.size < MAX_TOLD) {
          told.add(name)
          log.error('mapping.unknown-routine', { image: question.image, routine: question.routine })
        }
      }
      return answer
    },
    'system.group': (question) => isInGroup(question),
    wait: () => undefined,
    note({ note: { kind, ...fields } }) {
      if (kind === 'loop') log.error('alarm.loop', { ...fields })
      else log.info(`access.${kind}`, { ...fields })
      return undefined
    },
  }
}
