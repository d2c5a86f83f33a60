// SPDX-License-Identifier: Apache-2.0
/** A checked configuration made fit to be handed round: paths absolute, nothing changeable. */
import { resolve } from 'node:path'
import type { Config } from './schema.ts'
import type { ChannelConfig } from './schema-channels.ts'

/** Folders and files against the configuration directory. Programs of pipe channels stay as written. */
export function resolvePaths(directory: string, config: Config): Config {
  const at = (path: string): string => resolve(directory, path)
  const { server, tls, access, srs } = config
  const { ldap } = config.directory
  return {
    ...config,
    server: { ...server, spool: at(server.spool), mailboxes: at(server.mailboxes), control: at(server.control) },
    ...(tls === undefined ? {} : { tls: { ...tls, certificate: at(tls.certificate), key: at(tls.key) } }),
    ...(srs === undefined ? {} : { srs: { ...srs, secretsFile: at(srs.secretsFile) } }),
    access: { ...access, mappings: at(access.mappings), general: at(access.general) },
    directory: {
      ...config.directory,
      aliases: at(config.directory.aliases),
      ...(ldap === undefined
        ? {}
        : {
            ldap: {
              ...ldap,
              ...(ldap.ca === undefined ? {} : { ca: at(ldap.ca) }),
              ...(ldap.passwordFile === undefined ? {} : { passwordFile: at(ldap.passwordFile) }),
            },
          }),
    },
    // SCRAM needs keys of passwords, and LDAP gives none: what cannot work is not offered.
    ...(ldap === undefined
      ? {}
      : { sasl: { ...config.sasl, mechanisms: config.sasl.mechanisms.filter((name) => name !== 'SCRAM-SHA-256') } }),
    channels: Object.fromEntries(
      Object.entries(config.channels).map(([name, channel]) => [name, resolveChannel(channel, at)]),
    ),
  }
}

function resolveChannel(channel: ChannelConfig, at: (path: string) => string): ChannelConfig {
  if (channel.kind === 'tcp')
    return {
      ...channel,
      ...(channel.tlsCa === undefined ? {} : { tlsCa: at(channel.tlsCa) }),
      ...(channel.login === undefined
        ? {}
        : { login: { ...channel.login, passwordFile: at(channel.login.passwordFile) } }),
    }
  if (channel.kind === 'lmtp' && channel.socket !== undefined) return { ...channel, socket: at(channel.socket) }
  return channel
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
