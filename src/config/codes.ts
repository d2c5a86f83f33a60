// SPDX-License-Identifier: Apache-2.0
import { PROBLEM_CODES } from '../mapping/index.ts'

/** Every code a diagnostic may carry, with its meaning. Codes are stable: scripts and editors match on them. */

export const CODES = {
  'file-missing': 'A file that the configuration needs is not there.',
  'file-unreadable': 'A file is there but cannot be read.',
  'file-too-large': 'A file is larger than any file of its kind should be.',
  'file-encoding': 'A file is not UTF-8 text.',
  'file-mode': 'A file with a secret can be read by other accounts.',
  'yaml-syntax': 'The text is not YAML, or uses a part of YAML that is refused here.',
  'duplicate-key': 'A key stands twice in one map; only one could count.',
  'unknown-key': 'A key that the schema does not have.',
  'missing-key': 'A key without a default that nobody wrote.',
  'wrong-type': 'A value of another type than the key takes.',
  'bad-value': 'A value of the right type that the key does not take.',
  'bad-name': 'A name of a listener or channel that is not written the way names are.',
  'bad-duration': 'A duration that cannot be read, or that makes no sense in its place.',
  'bad-size': 'A size that cannot be read.',
  'bad-hostname': 'A text that is not a domain name.',
  'hostname-not-qualified': 'A host name without a domain, which other systems refuse in a greeting.',
  'bad-address': 'A text that is not an IP address.',
  'bad-network': 'A text that is not an IP address or network.',
  'network-host-bits': 'A network written with bits set behind its prefix.',
  'network-wide': 'An own network much wider than one site has.',
  'open-relay': 'A setting that would let strangers relay.',
  'bad-next-hop': 'A smart host, next hop or LMTP server that cannot be read.',
  'unknown-channel': 'A name of a channel that does not exist.',
  'channel-kind': 'A channel of a kind that cannot do what it is named for.',
  'duplicate-channel': 'One channel configured under two names.',
  'lmtp-target': 'An LMTP channel without a server, or with two.',
  'tls-missing': 'A setting that needs a certificate, while there is none.',
  'tls-certificate': 'A certificate or key that cannot be used.',
  'tls-expired': 'A certificate outside its time of validity.',
  'no-listener': 'A configuration that listens nowhere.',
  'duplicate-listener': 'Two listeners on one address and port.',
  'route-unreachable': 'A route behind another one that takes all its domains.',
  'bad-domain': 'A text that is not a domain pattern.',
  'no-effect': 'A setting that changes nothing as things stand.',
  'limit-low': 'A limit that other systems run into without doing wrong.',
  'path-too-long': 'A socket path longer than the system allows.',
  alias: 'A line of the alias file that cannot be used.',
  ...PROBLEM_CODES,
} as const

export type DiagnosticCode = keyof typeof CODES
