// SPDX-License-Identifier: Apache-2.0
/** Private arguments of public actions: `redirect :resent` / `:noresent`, `vacation :hours` (spec filters.md 4). */
import type { SieveExtension } from '../plugin.ts'
import { privateExtension } from './named.ts'

export const ARGUMENTS: readonly SieveExtension[] = [
  ...privateExtension('resent', {
    tags: [
      { name: 'resent', group: 'resent', on: ['redirect'] },
      { name: 'noresent', group: 'resent', on: ['redirect'] },
    ],
  }),
  ...privateExtension('hours', { tags: [{ name: 'hours', value: 'number', group: 'period', on: ['vacation'] }] }),
]
