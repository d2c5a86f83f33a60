// SPDX-License-Identifier: Apache-2.0
/**
 * Numbers of an account of this machine, from /etc/passwd, or given as `uid:gid`. Accounts that only a name service
 * knows (LDAP through NSS) must be given by number.
 */
import { readFile } from 'node:fs/promises'

export interface Account {
  readonly uid: number
  readonly gid: number
}

/** `undefined` when there is none, or it cannot be found out. */
export async function lookupAccount(user: string): Promise<Account | undefined> {
  const numbers = /^(\d{1,10}):(\d{1,10})$/.exec(user)
  if (numbers !== null) return { uid: Number(numbers[1]), gid: Number(numbers[2]) }
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '')
  // name:password:UID:GID:…, passwd(5)
  for (const line of text.split('\n')) {
    const [name, , uid = '', gid = ''] = line.split(':')
    if (name === user && /^\d+$/.test(uid) && /^\d+$/.test(gid)) return { uid: Number(uid), gid: Number(gid) }
  }
  return undefined
}
