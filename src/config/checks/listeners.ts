// SPDX-License-Identifier: Apache-2.0
/** Ports: somebody listens, nobody twice, and with a certificate where the service needs one. */
import { isIPv4 } from 'node:net'
import { normaliseIp } from '../../address/network.ts'
import type { Path } from '../yaml-source.ts'
import type { Check } from './check.ts'

/** RFC 5804 §1.8 */
const MANAGESIEVE_PORT = 4190

export const checkListeners: Check = (c) => {
  const listeners = c.map('listeners')
  if (listeners.length === 0 && c.has('listeners'))
    c.report({
      code: 'no-listener',
      severity: 'warning',
      path: ['listeners'],
      where: 'key',
      message: 'there is no listener: mail can leave, but none can come in',
      fix: 'write `mx: { service: smtp, port: 25 }`',
    })

  const taken: { path: Path; name: string; address: string; port: number }[] = []
  const take = (path: Path, name: string, address: string, port: number | undefined): void => {
    if (port === undefined || port === 0) return
    const other = taken.find((t) => t.port === port && overlap(t.address, address))
    if (other === undefined) taken.push({ path, name, address, port })
    else
      c.report({
        code: 'duplicate-listener',
        path: [...path, 'port'],
        message: `\`${name}\` wants port ${port} of ${address}, which \`${other.name}\` has`,
        reason: 'one port of one address can be listened on once; `::` is every address',
        fix: 'give one of them another port or address',
      })
  }
  for (const [name] of listeners) {
    const path: Path = ['listeners', name]
    take(path, `listeners.${name}`, c.text(...path, 'address') ?? '::', c.number(...path, 'port'))
    if (c.text(...path, 'service') === 'submissions' && !c.has('tls'))
      c.report({
        code: 'tls-missing',
        path: [...path, 'service'],
        message: `\`${name}\` cannot speak TLS without a certificate`,
        reason: 'submissions is TLS from the first octet (RFC 8314 §3.3)',
        fix: 'write a section `tls:` with certificate and key, or use the service `submission`',
      })
  }
  for (const [name] of c.map('managesieve', 'listeners')) {
    const path: Path = ['managesieve', 'listeners', name]
    const port = c.has(...path, 'port') ? c.number(...path, 'port') : MANAGESIEVE_PORT
    take(path, `managesieve.listeners.${name}`, c.text(...path, 'address') ?? '::', port)
  }
  if (c.map('managesieve', 'listeners').length > 0 && !c.has('tls'))
    c.report({
      code: 'tls-missing',
      severity: 'warning',
      path: ['managesieve', 'listeners'],
      where: 'key',
      message: 'ManageSieve has no certificate: people can hardly sign in',
      reason: 'no password is taken in the clear (RFC 5804 §2.1), and with `requireTls` nobody signs in without TLS',
      fix: 'write a section `tls:` with certificate and key',
    })
  take(['monitor'], 'monitor', c.text('monitor', 'address') ?? '127.0.0.1', c.number('monitor', 'port'))
}

function overlap(a: string, b: string): boolean {
  if (a === '::' || b === '::') return true
  if (isIPv4(a) && isIPv4(b) && (a === '0.0.0.0' || b === '0.0.0.0')) return true
  return a === b || (normaliseIp(a) ?? a) === (normaliseIp(b) ?? b)
}
