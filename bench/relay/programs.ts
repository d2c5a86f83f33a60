// SPDX-License-Identifier: Apache-2.0
/** Small facts about this machine: programs and accounts. */
import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..', '..')

/** Where a program is, or `undefined`. Daemons live in sbin, which is not on everyone's PATH. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** The number of an account. */
export const idOf = (user: string): number => Number(execFileSync('id', ['-u', user], { encoding: 'utf8' }))

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
