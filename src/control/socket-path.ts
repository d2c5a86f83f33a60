// SPDX-License-Identifier: Apache-2.0
/**
 * A UNIX socket that nobody but its owner can ever open: made in a new folder of mode 0700, given mode 0600, and only
 * then moved to its place. (umask would do as well, but belongs to the whole process and is not allowed in a worker.)
 * Two servers that start at the same moment on one path are kept apart by the owner's lock of the spool, not here.
 */
import { chmod, lstat, mkdir, mkdtemp, rename, rm, rmdir } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { dirname, join } from 'node:path'

/** The path is somebody else's. */
export class SocketTaken extends Error {
  override readonly name = 'SocketTaken'
}

/** Listens and puts the socket into its place. A socket nobody answers on is replaced. @throws SocketTaken when somebody does */
export async function listenOnPath(server: Server, path: string): Promise<void> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await refuseIfTaken(path)
  const nursery = await mkdtemp(join(folder, '.c-')) // mode 0700
  const newborn = join(nursery, 's')
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(newborn, () => {
        server.removeListener('error', reject)
        resolve()
      })
    })
    await chmod(newborn, 0o600)
    await rename(newborn, path)
  } catch (error) {
    server.close()
    await rm(nursery, { recursive: true, force: true })
    throw error
  }
  await rmdir(nursery)
}

async function refuseIfTaken(path: string): Promise<void> {
  const stat = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (stat === undefined) return
  if (!stat.isSocket()) throw new SocketTaken(`${path} is there and is not a socket; it is left alone`)
  if (await answers(path)) throw new SocketTaken(`a server is running already: it answers on ${path}`)
}

/** Refused means that nobody listens any more; what else may be wrong is for the caller to see. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false)
      // The backlog of a live server is full.
      else if (error.code === 'EAGAIN') resolve(true)
      else reject(error)
    })
  })
}
