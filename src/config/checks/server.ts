// SPDX-License-Identifier: Apache-2.0
/** The server's own name, its control socket, and times of the queue. */
import { join, resolve } from 'node:path'
import { parseDurationMs } from '../units.ts'
import type { Check } from './check.ts'

/** sun_path holds 108 octets with the NUL at the end (unix(7)). */
export const MAX_SOCKET_PATH = 107

export const checkServer =
  (directory: string): Check =>
  (c) => {
    const hostname = c.text('server', 'hostname')
    if (hostname !== undefined && !hostname.includes('.') && hostname !== 'localhost')
      c.report({
        code: 'hostname-not-qualified',
        severity: 'warning',
        path: ['server', 'hostname'],
        message: `\`${hostname}\` has no domain`,
        reason: 'RFC 5321 §4.1.1.1 asks for a fully qualified name; many servers refuse a greeting without one',
        fix: `write the full name, such as ${hostname}.example.org`,
      })

    const control = resolve(directory, c.text('server', 'control') ?? 'control.sock')
    // The socket is made in a folder of its own beside its place (control/server.ts), which may be the longer path.
    const length = Math.max(Buffer.byteLength(control), Buffer.byteLength(join(control, '..', '.c-XXXXXX', 's')))
    if (length > MAX_SOCKET_PATH)
      c.report({
        code: 'path-too-long',
        path: ['server', 'control'],
        message: `${control} is too long for a socket: ${length} octets`,
        reason: `the system takes ${MAX_SOCKET_PATH}`,
        fix: 'name a shorter absolute path, such as /run/postern/control.sock',
      })

    for (const [i, wait] of c.list('queue', 'retry').entries()) {
      if (typeof wait === 'string' && (parseDurationMs(wait) ?? 1000) < 1000)
        c.report({
          code: 'bad-duration',
          path: ['queue', 'retry', i],
          message: `a wait of ${wait} between attempts is too short`,
          reason: 'a destination that is down would be asked without a pause',
          fix: 'at least 1s',
        })
    }
    const expire = c.text('queue', 'expire') ?? '5d'
    const notice = c.text('queue', 'delayNotice')
    const [expireMs, noticeMs] = [parseDurationMs(expire), notice === undefined ? undefined : parseDurationMs(notice)]
    if (expireMs !== undefined && noticeMs !== undefined && noticeMs > 0 && noticeMs >= expireMs)
      c.report({
        code: 'bad-duration',
        severity: 'warning',
        path: ['queue', 'delayNotice'],
        message: `no delay notification is ever sent: messages come back after ${expire}`,
        fix: 'a shorter time than queue.expire, or 0s for never',
      })
  }
