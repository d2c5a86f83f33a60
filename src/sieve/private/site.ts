// SPDX-License-Identifier: Apache-2.0
/**
 * The language of a site: the standard extensions with the private ones, each for the levels it is meant for. One engine
 * for all levels: `engine.compile(text, { level: 'system', limits: LEVEL_LIMITS.system })`.
 */
import { STANDARD_EXTENSIONS } from '../extensions/standard.ts'
import type { SieveExtension } from '../plugin.ts'
import { ARGUMENTS } from './arguments.ts'
import { DISPOSALS } from './disposals.ts'
import { ENVIRONMENT_ITEMS } from './environment.ts'
import { EDITHEADER_WITHOUT_ADDHEADER, HEADER_EXTENSIONS } from './header.ts'
import { ALLOWED_AT } from './levels.ts'
import { privateExtension } from './named.ts'
import { NOTES } from './notes.ts'
import { ADDPREFIX_EXTENSION } from './prefix.ts'
import { SPAMTEST_WITH_ADJUST } from './spamadjust.ts'
import { TAGS } from './tags.ts'

/** Put in place of a standard extension of the same name. */
const CHANGED: readonly SieveExtension[] = [EDITHEADER_WITHOUT_ADDHEADER, SPAMTEST_WITH_ADJUST]

const changed = (extension: SieveExtension): SieveExtension => {
  const ours = CHANGED.find(({ name }) => name === extension.name) ?? extension
  return ours.name === 'fileinto' ? { ...ours, levels: ALLOWED_AT.fileinto } : ours
}

export const SITE_EXTENSIONS: readonly SieveExtension[] = [
  ...STANDARD_EXTENSIONS.map(changed),
  ...DISPOSALS,
  ...TAGS,
  ...HEADER_EXTENSIONS,
  ...ADDPREFIX_EXTENSION,
  ...NOTES,
  ...ARGUMENTS,
  ...ENVIRONMENT_ITEMS,
  // `\r`, `\n` and `\t` in quoted strings, with encoded-character (spec filters.md 3): check/strings.ts.
  ...privateExtension('escapes', {}, { bare: false }),
]
