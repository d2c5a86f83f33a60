// SPDX-License-Identifier: Apache-2.0
/**
 * What a file says, put together with what stands without being written: stock channels, one name for each channel,
 * and, for display, the defaults. Works on plain data before the schema has judged it, so that one wrong value does
 * not hide the others.
 */
import { parseChannelName } from '../envelope/channel-name.ts'
import { childOf, isRecord, type JsonSchema, variantFor } from './json-schema.ts'
import { STOCK_CHANNELS } from './schema-channels.ts'
import type { Path, YamlSource } from './yaml-source.ts'

export interface ConfigInput {
  readonly value: unknown
  /** A path of `value` as the file writes it: channels keep the name they were given there. */
  written(path: Path): Path
  /** Names in `channels` that are no names, or name a channel that was named before. */
  readonly badNames: readonly { readonly name: string; readonly twice: boolean }[]
}

/** Keys that hold the name of a channel, wherever they stand. */
const NAMES_A_CHANNEL = new Set(['channel', 'saslSwitchChannel', 'tlsSwitchChannel', 'store'])

export function mergeStock(source: YamlSource): ConfigInput {
  const badNames: { name: string; twice: boolean }[] = []
  const asWritten = new Map<string, string>()
  const given = isRecord(source.value) ? source.value : {}
  const channels: Record<string, unknown> = { ...STOCK_CHANNELS }
  for (const [name, channel] of Object.entries(isRecord(given['channels']) ? given['channels'] : {})) {
    const canonical = parseChannelName(name)
    if (canonical === undefined || asWritten.has(canonical)) {
      badNames.push({ name, twice: canonical !== undefined })
      continue
    }
    asWritten.set(canonical, name)
    channels[canonical] = onTop(channels[canonical], channel)
  }
  const wrong = given['channels'] !== undefined && !isRecord(given['channels'])
  const value = isRecord(source.value)
    ? { ...source.value, channels: wrong ? given['channels'] : channels }
    : (source.value ?? { channels })
  return {
    value: canonicalNames(value),
    written: (path) =>
      path[0] === 'channels' && path.length > 1
        ? ['channels', asWritten.get(String(path[1])) ?? String(path[1]), ...path.slice(2)]
        : path,
    badNames,
  }
}

/** What a site writes under a stock name replaces the keys it names; of another kind, it replaces the whole. */
function onTop(stock: unknown, given: unknown): unknown {
  if (!isRecord(stock) || !isRecord(given)) return given
  return given['kind'] === undefined || given['kind'] === stock['kind'] ? { ...stock, ...given } : given
}

function canonicalNames(value: unknown, key = ''): unknown {
  if (typeof value === 'string') {
    if (NAMES_A_CHANNEL.has(key)) return parseChannelName(value) ?? value
    return key === 'domain' ? value.toLowerCase() : value
  }
  if (Array.isArray(value)) return value.map((item) => canonicalNames(item))
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, canonicalNames(v, k)]))
}

/** `value` with every default filled in, as a person would write it (`5m`, not 300000). */
export function withDefaults(schema: JsonSchema | undefined, value: unknown): unknown {
  const variant = schema === undefined ? undefined : variantFor(schema, value)
  if (variant === undefined) return value
  const given = value === undefined ? variant.default : value
  if (Array.isArray(given)) return given.map((item, i) => withDefaults(childOf(variant, i), item))
  if (!isRecord(given)) return given
  const keys = [...new Set([...Object.keys(variant.properties ?? {}), ...Object.keys(given)])]
  return Object.fromEntries(
    keys
      .map((key) => [key, withDefaults(childOf(variant, key), given[key])] as const)
      .filter(([, filled]) => filled !== undefined),
  )
}

/** What stands at `path` in plain data. */
export function valueAt(value: unknown, path: Path): unknown {
  let at: unknown = value
  for (const key of path) {
    if (Array.isArray(at) && typeof key === 'number') at = at[key]
    else if (isRecord(at) && Object.hasOwn(at, key)) at = at[key]
    else return undefined
  }
  return at
}
