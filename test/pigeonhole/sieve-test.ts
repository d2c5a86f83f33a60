// SPDX-License-Identifier: Apache-2.0
/** Pigeonhole's side: one script and one message a process, and what it would do, in the lines that ours.ts writes too. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MAILBOX_OF_KEEP, type Ran } from './ran.ts'

/** Dovecot reads no mail as root. */
const NOBODY = 65_534

const config = (folder: string): string => `mail_location = maildir:${folder}/mail
mail_uid = ${process.getuid?.() || NOBODY}
mail_gid = ${process.getgid?.() || NOBODY}
first_valid_uid = 0
first_valid_gid = 0
recipient_delimiter = +
plugin {
  sieve_extensions = +editheader +vacation-seconds
  sieve_max_redirects = 5
  sieve_vacation_min_period = 60s
  recipient_delimiter = +
}
`

export interface Given {
  readonly script: string
  readonly message: Buffer
  /** `''` is the null sender. */
  readonly from: string
  readonly to: string
}

export class SieveTest {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    chmodSync(folder, 0o755)
    mkdirSync(join(folder, 'mail'))
    chmodSync(join(folder, 'mail'), 0o777)
    writeFileSync(join(folder, 'dovecot.conf'), config(folder))
  }

  run({ script, message, from, to }: Given): Ran {
    const [conf, file, mail] = ['dovecot.conf', 'script.sieve', 'message.eml'].map((name) => join(this.#folder, name))
    if (conf === undefined || file === undefined || mail === undefined) throw new Error('no files')
    writeFileSync(file, script)
    writeFileSync(mail, message)
    // -C: the binary of the script before is not this one's.
    const args = ['-C', '-c', conf, '-f', from === '' ? '<>' : from, '-r', to, file, mail]
    const { stdout, stderr } = spawnSync('sieve-test', args, { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } })
    if (stderr.includes('failed to compile')) return { status: 'no program', lines: [], told: stderr }
    const result = /final result: (\w+)/.exec(stderr)?.[1]
    if (result === undefined) return { status: 'no program', lines: [], told: stderr }
    return result === 'success'
      ? { status: 'ok', lines: linesOf(stdout), told: stderr }
      : { status: 'error', lines: [], told: stderr }
  }
}

/** Each once, in small letters and in order. */
const flagsOf = (list: string | undefined): string | undefined =>
  list === undefined ? undefined : [...new Set(list.toLowerCase().split(' '))].toSorted().join(' ')

/** Actions with what is told below them, each as one line. */
function linesOf(stdout: string): readonly string[] {
  const found: string[] = []
  for (const block of stdout.split(/^ \* /m).slice(1)) {
    const [first = '', ...rest] = block.split(/\n\n?Implicit keep:/)[0]?.split('\n') ?? []
    const flags = flagsOf(/add IMAP flags: (.*)/.exec(block)?.[1])
    const copy = rest.some((line) => line.includes('preserve implicit keep')) ? ' copy' : ''
    const create = rest.some((line) => line.includes('create mailbox')) ? ' create' : ''
    const stored = /^store message in folder: (.*)$/.exec(first)?.[1]
    const to = /^redirect message to: <(.*)>$/.exec(first)?.[1]
    const reason = /^reject message with reason: (.*)$/.exec(first)?.[1]
    const bounced = /^bounce message with reason: (.*)$/.exec(first)?.[1]
    if (stored !== undefined) found.push(`store ${stored}${flags === undefined ? '' : ` [${flags}]`}${create}${copy}`)
    else if (to !== undefined) found.push(`redirect ${to}${copy}`)
    else if (reason !== undefined) found.push(`reject ${reason}`)
    else if (bounced !== undefined) found.push(`reject ${bounced}`)
    else if (first.startsWith('send vacation')) {
      const seconds = /seconds : (\d+)/.exec(block)?.[1]
      const subject = /subject : (.*)/.exec(block)?.[1] ?? '-'
      const text = /START MESSAGE\n([\s\S]*)\nEND MESSAGE/.exec(block)?.[1]
      found.push(`vacation ${seconds} ${subject} ${text}`)
    } else found.push(first.trim())
  }
  // The implicit keep is told of behind all others, in the form of an action.
  const kept = /Implicit keep:\n\n \* store message in folder: (\S+)/.exec(stdout)?.[1]
  return kept === undefined ? found : found.map((line) => line.replace(`store ${kept}`, `store ${MAILBOX_OF_KEEP}`))
}
