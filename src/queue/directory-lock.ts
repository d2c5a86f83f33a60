// SPDX-License-Identifier: Apache-2.0
/**
 * A directory has one owner (design 2.5): whoever listens on the UNIX socket in it. The system closes the socket
 * however the process ends, so that a lock left behind is known by nobody answering.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { open, rename, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'

export class QueueInUse extends Error {
  override readonly name = 'QueueInUse'
}

/** Linux allows 107 octets for the path of a socket; the name under /proc of the opened directory is always short. */
const MAX_SOCKET_PATH = 100

/** @throws QueueInUse when a live process has the directory */
export async function lockDirectory(directory: string): Promise<AsyncDisposable> {
  const long = Buffer.byteLength(directory) + 'lock.sock.stale-00000000'.length + 1 > MAX_SOCKET_PATH
  const handle = long ? await open(directory, 'r') : undefined
  const base = handle === undefined ? directory : `/proc/self/fd/${handle.fd}`
  try {
    const server = await take(base, directory)
    return {
      async [Symbol.asyncDispose]() {
        await new Promise<void>((resolve) => server.close(() => resolve())) // removes the socket as well
        await handle?.close()
      },
    }
  } catch (error) {
    await handle?.close()
    throw error
  }
}

/** Whether a live process has the directory. */
export async function isLocked(directory: string): Promise<boolean> {
  await using handle = await open(directory, 'r').catch(() => undefined)
  return handle !== undefined && (await answers(`/proc/self/fd/${handle.fd}/lock.sock`))
}

async function take(base: string, directory: string) {
  const path = `${base}/lock.sock`
  for (let attempt = 0; attempt < 3; attempt++) {
    const server = createServer((socket) => socket.destroy())
    try {
      server.listen(path)
      await once(server, 'listening')
      server.unref()
      return server
    } catch (error) {
      if (!isCode(error, 'EADDRINUSE')) throw error
    }
    if (await answers(path)) break
    // Two may find the same dead lock. What was moved aside is asked once more: it may be the other's fresh one.
    const aside = `${path}.stale-${randomBytes(4).toString('hex')}`
    try {
      await rename(path, aside)
    } catch (error) {
      if (isCode(error, 'ENOENT')) continue
      throw error
    }
    if (await answers(aside)) {
      await rename(aside, path)
      break
    }
    await rm(aside, { force: true })
  }
  throw new QueueInUse(`another process has the queue in ${directory}`)
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    if (isCode(error, 'ECONNREFUSED') || isCode(error, 'ENOENT')) return false
    throw error
  } finally {
    socket.destroy()
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
