// SPDX-License-Identifier: Apache-2.0
/**
 * Is an account of this machine in a group: the answer to `system.group`, for the flag `$I` (spec access-control.md
 * 3.2). Reads /etc/passwd and /etc/group each time; accounts that other services know are nobody here.
 */
import { readFile } from 'node:fs/promises'
import type { Lookup } from '../ask/lookup.ts'

export interface AccountFiles {
  readonly passwd: string
  readonly group: string
}

const SYSTEM: AccountFiles = { passwd: '/etc/passwd', group: '/etc/group' }

/** `found` with whether it is; `absent`: there is no such account or group. `group`: a name or a number. */
export async function isInGroup(
  { user, group }: { readonly user: string; readonly group: string },
  files: AccountFiles = SYSTEM,
): Promise<Lookup<boolean>> {
  try {
    const [passwd, groups] = await Promise.all([rowsOf(files.passwd), rowsOf(files.group)])
    const account = passwd.find(([name]) => name === user)
    const wanted = groups.find(([name, , id]) => name === group || id === group)
    if (account === undefined || wanted === undefined) return { kind: 'absent' }
    const [, , id, members = ''] = wanted
    return { kind: 'found', value: account[3] === id || members.split(',').includes(user) }
  } catch (error) {
    return { kind: 'defer', cause: error instanceof Error ? error.message : String(error) }
  }
}

const rowsOf = async (path: string): Promise<readonly (readonly string[])[]> =>
  (await readFile(path, 'utf8')).split('\n').map((line) => line.split(':'))
