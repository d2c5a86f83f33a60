// SPDX-License-Identifier: Apache-2.0
/**
 * The real peers of the tests, from Debian's packages: installed in one call when we are root, else only looked for.
 * No package starts a service of its own: policy-rc.d says no while they are installed.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, chmodSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A program the tests look for, and the packages that bring it; swaks needs the second for TLS. */
export const PEERS = [
  { program: 'postfix', packages: 'postfix' },
  { program: 'smtp-sink', packages: 'postfix' },
  { program: 'swaks', packages: 'swaks libnet-ssleay-perl' },
  { program: 'dovecot', packages: 'dovecot-core' },
  { program: '/usr/lib/dovecot/lmtp', packages: 'dovecot-lmtpd' },
  { program: 'openssl', packages: 'openssl' },
  { program: 'python3', packages: 'python3' },
  { program: 'redis-server', packages: 'redis-server' },
  { program: 'slapd', packages: 'slapd' },
  { program: 'ldapsearch', packages: 'ldap-utils' },
  { program: 'sieve-test', packages: 'dovecot-sieve' },
  { program: '/usr/lib/dovecot/managesieve', packages: 'dovecot-managesieved' },
  { program: 'sieve-connect', packages: 'sieve-connect' },
] as const

/** Where a program is, or `undefined`. Daemons live in sbin, which is not on everyone's PATH. */
export function findProgram(name: string): string | undefined {
  const folders = name.startsWith('/') ? [''] : [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

/** For the `skip` option of a test: `false` when all are there, else the reason. */
export function missing(...programs: readonly string[]): string | false {
  const absent = programs.filter((name) => findProgram(name) === undefined)
  return absent.length === 0 ? false : `not installed: ${absent.join(', ')}`
}

/** Installs what is missing, when that is possible here, and prints one line for each peer. */
export function installPeers(say: (line: string) => void): void {
  const wanted = new Set(
    PEERS.filter((p) => findProgram(p.program) === undefined).flatMap((p) => p.packages.split(' ')),
  )
  if (wanted.size > 0) {
    const root = process.getuid?.() === 0
    if (process.env['PEERS'] === 'none') say('peers: not installed, PEERS=none')
    else if (!root) say('peers: not installed, that takes root')
    else if (findProgram('apt-get') === undefined) say('peers: not installed, no apt-get here')
    else apt([...wanted], say)
  }
  for (const { program } of PEERS)
    say(`peer ${program}: ${findProgram(program) === undefined ? 'skipped: not installed' : 'available'}`)
}

function apt(packages: readonly string[], say: (line: string) => void): void {
  say(`peers: installing ${packages.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const options = {
    env,
    stdio: ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8' as const,
  }
  const guard = '/usr/sbin/policy-rc.d'
  const guardIsOurs = !existsSync(guard)
  if (guardIsOurs) {
    writeFileSync(guard, '#!/bin/sh\nexit 101\n')
    chmodSync(guard, 0o755)
  }
  try {
    spawnSync('apt-get', ['update', '-qq'], options)
    const done = spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options)
    if (done.status !== 0) say(`peers: apt-get failed: ${done.stderr.trim().split('\n').at(-1) ?? ''}`)
  } finally {
    if (guardIsOurs) rmSync(guard, { force: true })
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
