// SPDX-License-Identifier: Apache-2.0
/**
 * A new password: asked for twice without echo, or one line of standard input. Never an argument, which every account
 * of the machine could read in the list of processes.
 */
import type { Input, Streams } from './cli.ts'
import { UsageError } from './exit.ts'

/** Characters; argon2 takes more, people do not type more. */
const MAX_PASSWORD = 1024

/** @throws UsageError when there is nobody to ask, or what came is no password */
export async function newPassword(
  streams: Streams,
  options: { readonly fromStdin: boolean; readonly whose: string },
): Promise<string> {
  if (options.fromStdin) return judged(await firstLine(streams.stdin))
  if (streams.stdin.isTTY !== true) throw new UsageError('no terminal to ask for the password; use --password-stdin')
  const password = judged(await ask(streams, `Password for ${options.whose}: `))
  if ((await ask(streams, 'Again: ')) !== password)
    throw new UsageError('the two are not the same; nothing was changed')
  return password
}

function judged(password: string): string {
  if (password === '') throw new UsageError('an empty password is none')
  if (password.length > MAX_PASSWORD) throw new UsageError(`a password has at most ${MAX_PASSWORD} characters`)
  if (/\p{Cc}/u.test(password)) throw new UsageError('a password has no control characters')
  return password
}

async function firstLine(stdin: Input): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const chunk of stdin) {
    const piece = Buffer.from(chunk)
    const end = piece.indexOf(10)
    pieces.push(end === -1 ? piece : piece.subarray(0, end))
    length += piece.length
    if (end !== -1 || length > 4 * MAX_PASSWORD) break
  }
  return Buffer.concat(pieces).toString('utf8').replace(/\r$/, '')
}

function ask({ stdin, stderr }: Streams, question: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  stderr.write(question)
  stdin.setRawMode?.(true)
  stdin.setEncoding('utf8')
  stdin.resume()
  let typed: string[] = []
  const end = (): void => {
    stdin.off('data', onData)
    stdin.setRawMode?.(false)
    stdin.pause()
    stderr.write('\n')
  }
  const onData = (text: string): void => {
    for (const key of text) {
      if (key === '\r' || key === '\n') {
        end()
        resolve(typed.join(''))
        return
      }
      if (key === '\u0003' || key === '\u0004') {
        end()
        reject(new UsageError('given up; nothing was changed'))
        return
      }
      if (key === '\u007f' || key === '\b') typed = typed.slice(0, -1)
      else if (key === '\u0015') typed = []
      else if (typed.length <= MAX_PASSWORD) typed.push(key)
    }
  }
  stdin.on('data', onData)
  return promise
}
