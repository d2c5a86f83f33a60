// SPDX-License-Identifier: Apache-2.0
/** The secrets of sender rewriting, out of their file. */
import type { Domain } from '../address/address.ts'
import type { Srs } from '../address/srs.ts'
import type { Check } from './checks/check.ts'
import type { ConfigFile, NamedFile } from './files.ts'
import type { Config } from './schema.ts'

const SHORTEST = 16

type Named = { readonly named: NamedFile; readonly file: ConfigFile }

const secretsIn = (files: readonly Named[]): readonly string[] | undefined =>
  files
    .find(({ named }) => named.setting[0] === 'srs')
    ?.file.bytes.toString('utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

export const checkSrs =
  (files: readonly Named[]): Check =>
  (c) => {
    const short = secretsIn(files)?.some((secret) => secret.length < SHORTEST)
    if (short === true)
      c.report({
        code: 'bad-value',
        path: ['srs', 'secretsFile'],
        message: `a secret has fewer than ${SHORTEST} characters`,
        fix: 'a line of random characters, such as `openssl rand -base64 24` writes',
      })
  }

export function siteSrs({ srs }: Pick<Config, 'srs'>, files: readonly Named[]): Srs | undefined {
  const secrets = secretsIn(files) ?? []
  if (srs === undefined || secrets.length === 0) return undefined
  return { domain: srs.domain.toLowerCase() as Domain, secrets, days: srs.days }
}
