// SPDX-License-Identifier: Apache-2.0
/** The settings of `directory.ldap` as the parts here need them: the configuration, with what its files hold. */
import type { Config } from '../../config/schema.ts'

export type LdapConfig = NonNullable<Config['directory']['ldap']>
export type AttributeNames = LdapConfig['attributes']

export interface LdapSettings {
  readonly config: LdapConfig
  readonly password?: string
  /** PEM. */
  readonly ca?: string
  /** Of this machine, in lower case: mail of users with another `mailHost` goes there. */
  readonly hostname: string
}
