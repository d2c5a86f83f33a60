// SPDX-License-Identifier: Apache-2.0
/**
 * The account the server goes on as once its ports are bound (design 2.4). Only root can change; who is somebody else
 * already and asks for another is refused, lest it believe to have changed.
 */
import { chown, mkdir } from 'node:fs/promises'
import { lookupAccount } from '../channels/system-account.ts'
import type { Config } from '../config/schema.ts'

/**
 * @param folders made and given to the account, before the change: what is in them is the account's own affair
 * @throws Error when there is no such account, or this process may not change to it
 */
export async function becomeUser({ user }: Pick<Config['server'], 'user'>, folders: readonly string[]): Promise<void> {
  if (user === undefined || process.getuid === undefined) return
  const account = await lookupAccount(user)
  if (account === undefined) throw new Error(`server.user: there is no account ${user}`)
  const { uid, gid } = account
  if (process.getuid() === uid) return
  if (process.getuid() !== 0) throw new Error(`server.user is ${user}, and only root can change to another account`)
  for (const folder of folders) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chown(folder, uid, gid)
  }
  if (user.includes(':')) process.setgroups?.([gid])
  // Missing from the types of Node, not from Node.
  else (process as { initgroups?(user: string, group: number): void }).initgroups?.(user, gid)
  process.setgid?.(gid)
  process.setuid?.(uid)
  if (process.getuid() !== uid || process.getgid?.() !== gid)
    throw new Error(`the account could not be changed to ${user}`)
}
