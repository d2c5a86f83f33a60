// SPDX-License-Identifier: Apache-2.0
/**
 * Pigeonhole's side: `sieve-test` with a script that `sievec` compiled before, one message a process. Starting is taken
 * off by the slope between two sizes of script; CPU time of many runs, user and system.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RECIPIENT, SENDER, script } from './rules.ts'

const SMALL = 5000
const LARGE = 55_000
const RUNS = 10

/** Dovecot reads no mail as root. Without its limits of script size and time. */
const NOBODY = 65_534

const config = (folder: string): string => `mail_location = maildir:${folder}/mail
mail_uid = ${process.getuid?.() || NOBODY}
mail_gid = ${process.getgid?.() || NOBODY}
first_valid_uid = 0
first_valid_gid = 0
plugin {
  sieve_max_script_size = 0
  sieve_max_cpu_time = 0
  recipient_delimiter = +
}
`

export class Pigeonhole {
  readonly #folder: string
  readonly #config: string

  constructor(folder: string) {
    this.#folder = folder
    chmodSync(folder, 0o755)
    this.#config = join(folder, 'dovecot.conf')
    writeFileSync(this.#config, config(folder))
  }

  /** Microseconds to compile a rule. */
  compiling(): number {
    const spent = [SMALL, LARGE].map((rules) => {
      const path = join(this.#folder, `${rules}.sieve`)
      writeFileSync(path, script(rules))
      return this.#cpuUs(`sievec -c '${this.#config}' '${path}'`, 3)
    })
    return slope(spent)
  }

  /** Microseconds to run a rule on this message; after `compiling`. */
  running(content: Buffer): number {
    const mail = join(this.#folder, 'message.eml')
    writeFileSync(mail, content)
    const spent = [SMALL, LARGE].map((rules) => {
      const path = join(this.#folder, `${rules}.sieve`)
      const options = `-c '${this.#config}' -f '${SENDER}' -r '${RECIPIENT}'`
      return this.#cpuUs(`sieve-test ${options} '${path}' '${mail}'`, RUNS)
    })
    return slope(spent)
  }

  /** Of one run, the middle of three rounds; `times` counts in hundredths of a second. */
  #cpuUs(command: string, runs: number): number {
    const rounds = Array.from({ length: 3 }, () => {
      const loop = `i=0; while [ $i -lt ${runs} ]; do ${command} > '${this.#folder}/out' || exit 1; i=$((i+1)); done; times`
      const { stdout, stderr, status } = spawnSync('sh', ['-c', loop], { encoding: 'utf8' })
      if (status !== 0) throw new Error(`${command}: ${stderr}`)
      // The second line is that of the children.
      const times = [...(stdout.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
      return times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60e6 + Number(seconds) * 1e6, 0) / runs
    })
    return rounds.toSorted((a, b) => a - b)[1] ?? 0
  }
}

const slope = ([small = 0, large = 0]: readonly number[]): number => (large - small) / (LARGE - SMALL)
