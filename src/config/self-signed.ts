// SPDX-License-Identifier: Apache-2.0
/**
 * A self-signed certificate, so that a new site has TLS from its first minute. Peers that check certificates will not
 * trust it; peers that use STARTTLS opportunistically do not mind (RFC 7435).
 */
import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** Certificate and key as PEM. ECDSA P-256; names and loopback addresses go into subjectAltName. */
export async function selfSigned(options: {
  readonly hostname: string
  readonly addresses?: readonly string[]
  readonly nowMs: number
  readonly days: number
}): Promise<{ readonly certificate: string; readonly key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const names: x509.JsonGeneralNames = [
    { type: 'dns', value: options.hostname },
    ...(options.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ]
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: `00${randomBytes(15).toString('hex')}`,
      name: `CN=${options.hostname}`,
      // An hour back: clocks of peers differ.
      notBefore: new Date(options.nowMs - 3_600_000),
      notAfter: new Date(options.nowMs + options.days * 86_400_000),
      signingAlgorithm: algorithm,
      keys,
      extensions: [new x509.BasicConstraintsExtension(false), new x509.SubjectAlternativeNameExtension(names)],
    },
    webcrypto,
  )
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const key = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`
  return { certificate: `${certificate.toString('pem')}\n`, key }
}
