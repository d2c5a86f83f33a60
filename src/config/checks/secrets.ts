// SPDX-License-Identifier: Apache-2.0
/** Certificate, key and password files: usable, belonging together, valid now, and not readable by everybody. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { ConfigFile, NamedFile } from '../files.ts'
import type { Check } from './check.ts'

const DAY_MS = 86_400_000
/** A certificate that ends sooner is told: renewals usually happen 30 days before the end. */
const SOON_MS = 14 * DAY_MS

export const checkSecrets =
  (files: readonly { readonly named: NamedFile; readonly file: ConfigFile }[], nowMs: number): Check =>
  (c) => {
    const of = (role: string): ConfigFile | undefined => files.find(({ named }) => named.role === role)?.file
    for (const { named, file } of files) {
      if ((named.role === 'key' || named.role === 'password') && (file.mode & 0o007) !== 0)
        c.report({
          code: 'file-mode',
          severity: 'warning',
          path: named.setting,
          message: `${file.name} can be read or changed by every account of this machine`,
          fix: `chmod 600 ${file.path}`,
        })
      if (named.role === 'password' && file.bytes.toString('utf8').trim() === '')
        c.report({ code: 'bad-value', path: named.setting, message: `${file.name} holds no password` })
    }
    const [certificate, key] = [of('certificate'), of('key')]
    const problem = certificate && certificateProblem(certificate.bytes, nowMs)
    if (problem !== undefined) c.report({ path: ['tls', 'certificate'], ...problem })
    const keyProblem = key && privateKeyProblem(key.bytes)
    if (keyProblem !== undefined) c.report({ code: 'tls-certificate', path: ['tls', 'key'], message: keyProblem })
    if (certificate === undefined || key === undefined || keyProblem !== undefined) return
    if (problem !== undefined && problem.code !== 'tls-expired') return
    const mismatch = pairProblem(certificate.bytes, key.bytes)
    if (mismatch !== undefined) c.report({ code: 'tls-certificate', path: ['tls', 'key'], ...mismatch })
  }

function certificateProblem(pem: Buffer, nowMs: number) {
  try {
    const { validFromDate, validToDate } = new X509Certificate(pem)
    const day = (date: Date): string => date.toISOString().slice(0, 10)
    const late = nowMs > validToDate.getTime()
    if (late || nowMs < validFromDate.getTime())
      return {
        code: 'tls-expired',
        severity: 'warning',
        message: `the certificate is valid from ${day(validFromDate)} to ${day(validToDate)} only`,
        reason: 'clients that check certificates will not go on',
      } as const
    if (nowMs + SOON_MS > validToDate.getTime())
      return {
        code: 'tls-expired',
        severity: 'warning',
        message: `the certificate ends on ${day(validToDate)}`,
      } as const
    return undefined
  } catch {
    return {
      code: 'tls-certificate',
      message: 'the file holds no certificate in PEM form',
      fix: 'a file that begins with -----BEGIN CERTIFICATE-----, the server’s own certificate first',
    } as const
  }
}

function privateKeyProblem(pem: Buffer): string | undefined {
  try {
    createPrivateKey(pem)
    return undefined
  } catch {
    return pem.includes('ENCRYPTED')
      ? 'the key is encrypted, and nobody is there to type its password'
      : 'the file holds no private key in PEM form'
  }
}

function pairProblem(certificate: Buffer, key: Buffer): { message: string; reason?: string; fix?: string } | undefined {
  try {
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
      return {
        message: 'this key does not belong to the certificate',
        fix: 'the server’s own certificate stands first in its file',
      }
    createSecureContext({ cert: certificate, key })
    return undefined
  } catch (error) {
    return {
      message: 'certificate and key cannot be used together',
      ...(error instanceof Error ? { reason: error.message } : {}),
    }
  }
}
