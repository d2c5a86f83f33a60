// SPDX-License-Identifier: Apache-2.0
/** `environment`, RFC 5183. An item nobody knows makes the test false, whatever the keys (§4). */
import { TextList } from '../match/text-list.ts'
import type { ConfigKey, EnvItemDef, SieveExtension, WordDef } from '../plugin.ts'

export interface EnvironmentConfig {
  readonly name: string
  readonly version: string
  /** §4.1: MTA, MDA, MUA or MS. */
  readonly location: string
  /** pre, during or post. */
  readonly phase: string
}

export const ENVIRONMENT_CONFIG: ConfigKey<EnvironmentConfig> = {
  extension: 'environment',
  defaults: { name: 'Postern', version: '', location: 'MTA', phase: 'during' },
  read(value) {
    if (typeof value !== 'object' || value === null) throw new Error('environment: items by their names')
    const given = Object.entries(value).filter(([, text]) => typeof text === 'string')
    return { ...ENVIRONMENT_CONFIG.defaults, ...Object.fromEntries(given) }
  },
}

/** Those the host knows beforehand; `domain`, `host`, `remote-host`, `remote-ip` come with each run. */
const ITEMS: readonly EnvItemDef[] = (['name', 'version', 'location', 'phase'] as const).map((name) => ({
  name,
  value: (ctx) => ctx.environment.items?.get(name) ?? ctx.config(ENVIRONMENT_CONFIG)[name],
}))

const ENVIRONMENT: WordDef = {
  name: 'environment',
  kind: 'test',
  positional: [
    { name: 'name', type: 'string' },
    { name: 'keys', type: 'string-list' },
  ],
  match: { keys: 'keys' },
  perRecipient(word) {
    return word.constant('name') === undefined || word.data.get('recipient') === true
  },
  validate(word, ctx) {
    const text = word.constant('name')
    if (text !== undefined && ctx.environmentItem(text)?.perRecipient === true) word.data.set('recipient', true)
  },
  evaluate(ctx, args) {
    const value = ctx.environmentItem(args.string('name'))
    if (value === undefined) return false
    // §4: an empty item counts as none.
    const counting = args.word.shape.match?.type.name === 'count'
    return args.match(TextList.of(counting && value === '' ? [] : [value]))
  },
}

export const ENVIRONMENT_EXTENSION: SieveExtension = {
  name: 'environment',
  words: [ENVIRONMENT],
  environmentItems: ITEMS,
  config: ENVIRONMENT_CONFIG,
}
