// SPDX-License-Identifier: Apache-2.0
/** The text a template writes, with its case switches and LDAP quoting. spec mapping-tables.md 4.1, 4.4. */
import { fold } from './character-set.ts'
import { CASE_SWITCH_ASCII_ONLY, LDAP_QUOTED } from './unsure.ts'

export class Output {
  text = ''
  #casing: 'lower' | 'upper' | 'own' = 'own'
  #ldap = false

  setCase(casing: 'lower' | 'upper' | 'own'): void {
    this.#casing = casing
  }

  quoteForLdap(): void {
    this.#ldap = true
  }

  /** Text as written in the template. */
  write(text: string): void {
    this.text += this.#cased(text)
  }

  /** Text from a field or look-up. */
  substitute(text: string): void {
    this.write(this.#ldap ? text.replace(/[*()\\\0]/g, (c) => LDAP_QUOTED[c] ?? c) : text)
  }

  #cased(text: string): string {
    switch (this.#casing) {
      case 'own':
        return text
      case 'lower':
        return CASE_SWITCH_ASCII_ONLY ? fold(text) : text.toLowerCase()
      case 'upper':
        return CASE_SWITCH_ASCII_ONLY ? text.replace(/[a-z]+/g, (c) => c.toUpperCase()) : text.toUpperCase()
      default:
        return this.#casing satisfies never
    }
  }
}
