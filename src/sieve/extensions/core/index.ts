// SPDX-License-Identifier: Apache-2.0
/** What needs no `require`: RFC 5228 §3 to §5. */
import { ASCII_CASEMAP, OCTET } from '../../match/comparators.ts'
import { CONTAINS, IS, MATCHES } from '../../match/match-types.ts'
import type { SieveExtension } from '../../plugin.ts'
import { ADDRESS, ADDRESS_PARTS } from './address.ts'
import { ELSE, ELSIF, IF } from './conditionals.ts'
import { EXISTS } from './exists.ts'
import { HEADER } from './header.ts'
import { ALLOF, ANYOF, FALSE, NOT, TRUE } from './logic.ts'
import { REDIRECT, REDIRECT_ACTION } from './redirect.ts'
import { REQUIRE, STOP_COMMAND } from './require.ts'
import { SIZE } from './size.ts'
import { DISCARD, DISCARD_ACTION, KEEP, KEEP_ACTION } from './store-actions.ts'

export const CORE: SieveExtension = {
  name: '',
  words: [
    ...[REQUIRE, IF, ELSIF, ELSE, STOP_COMMAND],
    ...[KEEP, DISCARD, REDIRECT],
    ...[ADDRESS, ALLOF, ANYOF, EXISTS, FALSE, HEADER, NOT, SIZE, TRUE],
  ],
  matchTypes: [IS, CONTAINS, MATCHES],
  addressParts: ADDRESS_PARTS,
  comparators: [OCTET, ASCII_CASEMAP],
  actions: [KEEP_ACTION, DISCARD_ACTION, REDIRECT_ACTION],
}
