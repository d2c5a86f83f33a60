// SPDX-License-Identifier: Apache-2.0
/**
 * One directory sync for everyone who waits for one: a sync that begins after a rename covers it, whoever renamed
 * (design 2.8: one sync serves all messages in flight).
 */

/** Gives a function that resolves after a sync of the directory that began after the call. */
export function shareSyncs(sync: (directory: string) => Promise<void>): (directory: string) => Promise<void> {
  const running = new Map<string, Promise<void>>()
  const waiting = new Map<string, Promise<void>>()
  const start = (directory: string): Promise<void> => {
    const run = sync(directory).finally(() => running.delete(directory))
    running.set(directory, run)
    return run
  }
  return (directory) => {
    const before = running.get(directory)
    if (before === undefined) return start(directory)
    // One is under way and may have begun too early for this caller: all who come now share the next.
    const already = waiting.get(directory)
    if (already !== undefined) return already
    const next = before
      .catch(() => {})
      .then(() => {
        waiting.delete(directory)
        return start(directory)
      })
    waiting.set(directory, next)
    return next
  }
}
