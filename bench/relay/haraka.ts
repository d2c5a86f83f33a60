// SPDX-License-Identifier: Apache-2.0
/**
 * Haraka with its durable outbound queue, one process as it comes, no DNS: a plugin answers what would be looked up.
 * Installed from npm into a temporary folder, without install scripts; `--haraka FOLDER` uses one that is there.
 */
import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Peer } from './peer.ts'

/** The version measured, so that figures of two days can be compared. */
const WANTED = 'Haraka@3.3.4'

/** @param given a folder where it is installed already */
export function haraka(given: string | undefined, cleanup: AsyncDisposableStack): Peer {
  let home = given
  return {
    name: 'haraka',
    async prepare() {
      try {
        home ??= await install(cleanup)
        const about = await readFile(join(home, 'node_modules', 'Haraka', 'package.json'), 'utf8')
        const version = /"version": *"([^"]+)"/.exec(about)?.[1] ?? 'unknown'
        return { available: true, version: `${version}, Node ${process.version}` }
      } catch (error) {
        return { available: false, why: `it cannot be installed: ${String(error).split('\n')[0]}` }
      }
    },
    async configure({ folder, port, sinkPort }) {
      const module = join(home ?? '', 'node_modules', 'Haraka')
      for (const name of ['config', 'plugins', 'queue']) await mkdir(join(folder, name))
      const files: Readonly<Record<string, string>> = {
        'config/me': 'relay.example\n',
        'config/smtp.ini': `[main]\nlisten=127.0.0.1:${port}\nnodes=0\n`,
        'config/log.ini': '[main]\nlevel=notice\n',
        'config/outbound.ini': '[main]\nlocal_mx_ok=true\nenable_tls=false\n',
        'config/plugins': 'bench\n',
        'plugins/bench.js': plugin(sinkPort),
      }
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
      await copyFile(join(module, 'config', 'connection.ini'), join(folder, 'config', 'connection.ini'))
      return { command: [process.execPath, join(module, 'bin', 'haraka'), '-c', folder] }
    },
  }
}

const plugin = (sinkPort: number): string => `\
'use strict'
exports.register = function () {
  this.register_hook('lookup_rdns', 'named')
  this.register_hook('rcpt', 'taken')
  this.register_hook('get_mx', 'smart')
}
exports.named = (next) => next(OK, 'localhost')
exports.taken = (next, connection) => {
  connection.relaying = true
  next(OK)
}
exports.smart = (next) => next(OK, { exchange: '127.0.0.1', port: ${sinkPort}, priority: 0 })
`

async function install(cleanup: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-haraka-'))
  cleanup.defer(() => void execFileSync('rm', ['-rf', folder]))
  await writeFile(join(folder, 'package.json'), '{"private":true}\n')
  const npm = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional', WANTED]
  execFileSync('npm', npm, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  return folder
}
