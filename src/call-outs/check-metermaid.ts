// SPDX-License-Identifier: Apache-2.0
/**
 * `check_metermaid`: counts, values and greylists in tables of `state.tables`, spec access-control.md 7.3. Success of
 * `throttle`, `query` and `greylisting` says that the key is to be refused now. A table that is not there, and a keeper
 * that is away, fail.
 */
import { normaliseIp } from '../address/network.ts'
import type { CallOut } from '../ask/call-outs.ts'
import type { Lookup } from '../ask/lookup.ts'
import type { Config } from '../config/schema.ts'
import type { Counters, CounterTable } from '../state/counters.ts'
import { type Faults, failing } from './faults.ts'
import { quoted } from './template-text.ts'
import { NOTHING, TEST_OF_MISSING } from './unsure.ts'

const IMAGE = 'check_metermaid'
const ABSENT = { kind: 'absent' } as const
const SUCCESS = { kind: 'found', value: NOTHING } as const
type Settings = Config['state']['tables'][string]
type Answer = Lookup<string> | Promise<Lookup<string>>

/** @param tables those of the current configuration */
export function checkMetermaid(
  counters: Counters,
  tables: () => Config['state']['tables'],
  faults: Faults,
): ReadonlyMap<string, CallOut> {
  /** `table,key,…`: the table, the key as it is kept, and so many arguments behind it. */
  const call =
    (
      routine: string,
      more: number,
      run: (table: CounterTable, key: string, words: readonly string[]) => Answer,
    ): CallOut =>
    async (argument) => {
      const parts = parse(argument, more)
      if (parts === undefined) return faults.told(IMAGE, `${routine}: too few arguments`)
      const settings = settingsOf(routine, parts.table, 'throttle')
      if (settings === undefined) return ABSENT
      const key = keyOf(parts.key, settings)
      if (key === undefined) return ABSENT
      return failing(await run(tableOf(parts.table, settings), key, parts.words))
    }
  const settingsOf = (routine: string, name: string, type: Settings['type']): Settings | undefined => {
    const all = tables()
    const settings = Object.hasOwn(all, name) ? all[name] : undefined
    if (settings?.type === type) return settings
    faults.told(IMAGE, `${routine}: no table ${name} of type ${type} in state.tables`)
    return undefined
  }
  const over = async (what: 'throttle' | 'query', table: CounterTable, key: string): Promise<Lookup<string>> => {
    const answer = await counters.count({ do: what, table, key })
    return answer.kind === 'found' ? (answer.value === 'over' ? SUCCESS : ABSENT) : answer
  }
  const adjust = (table: CounterTable, key: string, by: string): Answer =>
    /^[+-]?\d{1,15}$/.test(by) ? counters.count({ do: 'adjust', table, key, by: Number(by) }) : ABSENT
  const quietly = async (answer: Answer): Promise<Lookup<string>> => {
    const given = await answer
    return given.kind === 'found' ? SUCCESS : given
  }

  return new Map<string, CallOut>([
    ['throttle', call('throttle', 0, (table, key) => over('throttle', table, key))],
    ['query', call('query', 0, (table, key) => over('query', table, key))],
    ['adjust', call('adjust', 1, (table, key, [by = '']) => quietly(adjust(table, key, by)))],
    [
      'adjust_and_test',
      call('adjust_and_test', 2, async (table, key, [by = '', expression = '']) => {
        // A test that cannot be read must not leave a count behind.
        const holds = parseTest(expression)
        return holds === undefined ? ABSENT : tested(await adjust(table, key, by), holds)
      }),
    ],
    [
      'test',
      call('test', 1, async (table, key, [expression = '']) => {
        const holds = parseTest(expression)
        if (holds === undefined) return ABSENT
        const value = await counters.count({ do: 'fetch', table, key })
        return tested(value.kind === 'absent' ? { kind: 'found', value: TEST_OF_MISSING } : value, holds)
      }),
    ],
    [
      'fetch',
      call('fetch', 0, async (table, key) => {
        const value = await counters.count({ do: 'fetch', table, key })
        return value.kind === 'found' ? { kind: 'found', value: quoted(value.value) } : value
      }),
    ],
    [
      'store',
      call('store', 1, (table, key, [value = '']) => quietly(counters.count({ do: 'store', table, key, value }))),
    ],
    ['remove', call('remove', 0, (table, key) => quietly(counters.count({ do: 'remove', table, key })))],
    [
      'greylisting',
      async (argument) => {
        const parts = parse(argument, 0)
        if (parts === undefined) return faults.told(IMAGE, 'greylisting: too few arguments')
        const settings = settingsOf('greylisting', parts.table, 'greylisting')
        const key = settings === undefined ? undefined : keyOf(parts.key, settings)
        if (settings === undefined || key === undefined) return ABSENT
        const table = {
          name: parts.table,
          blockMs: settings.blockTime,
          resubmitMs: settings.resubmitTime,
          inactivityMs: settings.inactivityTime,
          maxEntries: settings.maxEntries,
        }
        const answer = failing(await counters.count({ do: 'greylist', table, key }))
        return answer.kind === 'found' && answer.value === 'refuse' ? SUCCESS : ABSENT
      },
    ],
  ])
}

interface Parts {
  readonly table: string
  readonly key: string
  readonly words: readonly string[]
}

function parse(argument: string, more: number): Parts | undefined {
  const comma = argument.indexOf(',')
  if (comma === -1) return undefined
  const behind = splitRight(argument.slice(comma + 1), more)
  if (behind === undefined) return undefined
  return { table: argument.slice(0, comma).trim(), ...behind }
}

/** A stranger may choose the key, the site chooses what follows it: so the last commas count. */
function splitRight(text: string, more: number): Omit<Parts, 'table'> | undefined {
  const parts = text.split(',')
  if (parts.length <= more) return undefined
  const words = parts.splice(parts.length - more, more).map((word) => word.trim())
  return { key: parts.join(',').trim(), words }
}

function keyOf(key: string, { dataType, options }: Settings): string | undefined {
  if (dataType === 'ipv4') return normaliseIp(key)
  return options.includes('nocase') ? key.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : key
}

const tableOf = (name: string, { quota, quotaTime, options, maxEntries }: Settings): CounterTable => ({
  name,
  quota,
  windowMs: quotaTime,
  penalize: options.includes('penalize'),
  maxEntries,
})

function parseTest(text: string): ((value: number) => boolean) | undefined {
  const m = /^(>=|<=|=|>|<)\s*([+-]?\d{1,15})$/.exec(text)
  if (m === null) return undefined
  const wanted = Number(m[2])
  switch (m[1]) {
    case '>=':
      return (value) => value >= wanted
    case '<=':
      return (value) => value <= wanted
    case '>':
      return (value) => value > wanted
    case '<':
      return (value) => value < wanted
    default:
      return (value) => value === wanted
  }
}

function tested(answer: Lookup<string>, holds: (value: number) => boolean): Lookup<string> {
  if (answer.kind !== 'found') return answer
  return /^[+-]?\d{1,16}$/.test(answer.value) && holds(Number(answer.value)) ? SUCCESS : ABSENT
}
