// SPDX-License-Identifier: Apache-2.0
/**
 * A Postfix of our own for tests: its configuration, queue and log in a temporary directory, one port on 127.0.0.1. It
 * knows the people of the test fixture, and throws away all it accepts. It starts from root only, as Postfix does.
 */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../peers/free-port.ts'
import { findProgram } from '../peers/install.ts'

const run = promisify(execFile)
const START_MS = 20_000
const STOP_MS = 10_000

export interface PrivatePostfix extends AsyncDisposable {
  readonly port: number
  log(): Promise<string>
}

/** @throws Error with the end of its log when it does not answer in time */
export async function startPostfix(): Promise<PrivatePostfix> {
  const program = findProgram('postfix')
  if (program === undefined) throw new Error('postfix is not installed')
  const root = await mkdtemp(join(tmpdir(), 'postern-postfix-'))
  // Its daemons run as another user and must get through.
  await chmod(root, 0o755)
  const folder = (name: string): string => join(root, name)
  for (const name of ['etc', 'queue', 'data']) await mkdir(folder(name))
  const port = await freePort()
  const logFile = folder('maillog')
  await writeFile(join(folder('etc'), 'main.cf'), mainCf(folder, logFile))
  await writeFile(join(folder('etc'), 'master.cf'), masterCf(port))
  await run('chown', ['postfix:postfix', folder('data')])
  const log = (): Promise<string> => readFile(logFile, 'utf8').catch(() => '')

  const master = spawn(program, ['-c', folder('etc'), 'start-fg'], { stdio: 'ignore', detached: true })
  const gone = once(master, 'exit')
  // When this process ends before its time, so does Postfix.
  const killed = (): void => {
    spawnSync(program, ['-c', folder('etc'), 'stop'], { timeout: STOP_MS, stdio: 'ignore' })
    rmSync(root, { recursive: true, force: true })
  }
  const interrupted = (): void => process.exit(1)
  process.once('exit', killed).once('SIGTERM', interrupted).once('SIGINT', interrupted)
  const stop = async (): Promise<void> => {
    process.off('exit', killed).off('SIGTERM', interrupted).off('SIGINT', interrupted)
    await run(program, ['-c', folder('etc'), 'stop'], { timeout: STOP_MS }).catch(() => {})
    if (master.exitCode === null && master.signalCode === null) {
      const ended = await Promise.race([gone.then(() => true), wait(STOP_MS, false, { ref: false })])
      if (!ended && master.pid !== undefined) process.kill(-master.pid, 'SIGKILL')
    }
    await rm(root, { recursive: true, force: true, maxRetries: 5 })
  }

  const deadline = Date.now() + START_MS
  while (!(await answers(port))) {
    if (Date.now() > deadline || master.exitCode !== null) {
      const end = (await log()).slice(-2000)
      await stop()
      throw new Error(`postfix does not start: ${end}`)
    }
    await wait(50)
  }
  return { port, log, [Symbol.asyncDispose]: stop }
}

/** What can be set to do as Postern does is set, so that the differences left are of Postfix, not of its settings. */
function mainCf(folder: (name: string) => string, logFile: string): string {
  const settings: Readonly<Record<string, string>> = {
    compatibility_level: '3.6',
    config_directory: folder('etc'),
    queue_directory: folder('queue'),
    data_directory: folder('data'),
    maillog_file: logFile,
    maillog_file_prefixes: folder(''),
    myhostname: 'mx.example.org',
    mydestination: 'example.org, mx.example.org',
    mynetworks: '127.0.0.9/32',
    inet_protocols: 'ipv4',
    alias_maps: '',
    alias_database: '',
    local_recipient_maps: 'inline:{ kim=x, lee=x, zoe=x, team=x, jürgen=x, postmaster=x }',
    local_transport: 'discard',
    default_transport: 'discard',
    relay_transport: 'discard',
    smtpd_relay_restrictions: 'permit_mynetworks, reject_unauth_destination',
    smtpd_recipient_restrictions: '',
    smtpd_helo_required: 'yes',
    strict_rfc821_envelopes: 'yes',
    smtputf8_enable: 'yes',
    strict_smtputf8: 'yes',
    smtpd_tls_security_level: 'none',
    smtpd_sasl_auth_enable: 'no',
    smtpd_soft_error_limit: '1000',
    smtpd_hard_error_limit: '1000',
    smtpd_junk_command_limit: '1000',
    smtpd_error_sleep_time: '0',
    smtpd_forbidden_commands: '',
    message_size_limit: '52428800',
    mailbox_size_limit: '0',
    smtpd_client_connection_count_limit: '0',
    smtpd_timeout: '30s',
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('')
}

/** No service is in a chroot: the fifth column. */
function masterCf(port: number): string {
  return [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    'pickup unix n - n 60 1 pickup',
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'flush unix n - n 1000? 0 flush',
    'proxymap unix - - n - - proxymap',
    'showq unix n - n - - showq',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'discard unix - - n - - discard',
    'anvil unix - - n - 1 anvil',
    'postlog unix-dgram n - n - 1 postlogd',
    '',
  ].join('\n')
}

async function answers(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
