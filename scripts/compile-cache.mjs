// SPDX-License-Identifier: Apache-2.0
/**
 * Where Node keeps compiled code between runs, and whether it may be trusted: what lies there is run as code. Only a
 * folder that root or the user of this process owns, and nobody else may write to, will do; without one every start
 * compiles anew, which costs about half a second of CPU time and nothing else.
 */
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Writable by the group or by everybody. */
const BY_OTHERS = 0o022

/** Makes the folder where it is missing. False also when it cannot be made or looked at. */
export function isTrusted(folder) {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    // Node makes a folder in it for each of its versions, by the umask of whoever came first.
    return [folder, ...readdirSync(folder).map((name) => join(folder, name))].every(isOurs)
  } catch {
    return false
  }
}

function isOurs(path) {
  const { uid, mode } = statSync(path)
  const own = process.getuid?.()
  // Windows has neither owners of this kind nor such modes.
  return own === undefined || ((uid === 0 || uid === own) && (mode & BY_OTHERS) === 0)
}
