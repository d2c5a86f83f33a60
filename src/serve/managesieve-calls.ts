// SPDX-License-Identifier: Apache-2.0
/** What the server and its ManageSieve process may ask each other over their link (dispatcher/link.ts). */
import type { Config } from '../config/schema.ts'
import type { LdapSettings } from '../directory/ldap/settings.ts'
import type { Pingable, WorkerProcess } from '../dispatcher/worker-process.ts'

/** What the process goes by: parts of the configuration, and the certificate with its key. Never on a command line. */
export interface GateSettings extends Pick<Config, 'managesieve' | 'sasl' | 'filters'> {
  readonly server: Pick<Config['server'], 'spool'>
  /** Where users are, when that is LDAP. */
  readonly ldap?: LdapSettings
  readonly limits: Pick<Config['limits'], 'badCommands' | 'failedAuth'>
  readonly log: Config['monitor']['log']
  /** PEM. */
  readonly tls?: Pick<NonNullable<Config['tls']>, 'certificate' | 'key' | 'minVersion'>
}

export interface ToManageSieve extends Pingable {
  /** Answered when it listens. `ports`: descriptors, by the name of the listener. */
  readonly start: {
    readonly params: { readonly settings: GateSettings; readonly ports: Readonly<Record<string, number>> }
    readonly result: null
  }
  /** For sessions that begin from now on. */
  readonly use: { readonly params: GateSettings; readonly result: null }
  /** Answered when every session has ended; the process goes when the link does. */
  readonly stop: { readonly params: { readonly deadlineMs: number }; readonly result: null }
}

/** It asks the server nothing. */
export type FromManageSieve = Record<never, never>

export type ManageSieveProcess = WorkerProcess<ToManageSieve>
