// SPDX-License-Identifier: Apache-2.0
/** For tests: the command line in this process, with streams that are kept. */
import { PassThrough } from 'node:stream'
import type { Input } from './cli.ts'
import { runCli } from './run.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export async function postern(
  args: readonly string[],
  given: { readonly stdin?: string | Input; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const [out, err] = [collect(stdout), collect(stderr)]
  let stdin = given.stdin
  if (typeof stdin !== 'object') {
    const text = new PassThrough()
    text.end(stdin ?? '')
    stdin = text
  }
  const code = await runCli(args, { stdin, stdout, stderr, env: given.env ?? {} })
  return { code, out: out(), err: err() }
}

function collect(stream: PassThrough): () => string {
  let text = ''
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  return () => text + String(stream.read() ?? '')
}
