// SPDX-License-Identifier: Apache-2.0
/** From the output of an access table and its flags to what the row said: spec access-control.md 3, 4. Pure. */
import { ARGUMENT_FLAGS, PLAIN_FLAGS, REFUSING_FLAGS, type Said, type TableKind } from './flags.ts'
import { CONNECTION_TEXT } from './unsure.ts'

export interface Interpretation extends Said {
  /** The row refuses; `text` is '' for the default one. Wins over everything else it says. */
  readonly refuse?: { readonly text: string }
  /** PORT_ACCESS, without a refusal: the text that is left. */
  readonly rest: string
  /** PORT_ACCESS: text for the record of the connection. */
  readonly connectionText?: string
  /** Flags that are ignored, and why. */
  readonly warnings: readonly string[]
}

/** @param flags as the language gives them: upper case, each once */
export function interpret(kind: TableKind, output: string, flags: string): Interpretation {
  let said: Said = {}
  const warnings: string[] = []
  for (const { flag, of, says } of PLAIN_FLAGS)
    if (flags.includes(flag) && of.includes(kind)) said = { ...said, ...says }
  const bars = kind === 'port' ? output.indexOf(CONNECTION_TEXT) : -1
  const rest = new Arguments(bars === -1 ? output : output.slice(0, bars))
  for (const { flag, of, takes, what, read } of ARGUMENT_FLAGS) {
    if (!flags.includes(flag) || !of.includes(kind)) continue
    const first = rest.next()
    const second = takes === 2 ? rest.next() : ''
    if (first === undefined || second === undefined) warnings.push(`$${flag} has no argument: ${what} is missing`)
    else {
      const says = read(first, second)
      if (says === undefined) warnings.push(`$${flag}: ${JSON.stringify(first.slice(0, 100))} is not ${what}`)
      else said = { ...said, ...says }
    }
  }
  const refuses = REFUSING_FLAGS.some((flag) => flags.includes(flag))
  return {
    ...said,
    ...(refuses ? { refuse: { text: rest.all() } } : {}),
    rest: rest.all(),
    ...(bars === -1 ? {} : { connectionText: output.slice(bars + CONNECTION_TEXT.length) }),
    warnings,
  }
}

/** The output, cut at bars from the left. */
class Arguments {
  /** `undefined`: used up. A row without output has none to begin with. */
  #left: string | undefined

  constructor(output: string) {
    this.#left = output === '' ? undefined : output
  }

  next(): string | undefined {
    const left = this.#left
    if (left === undefined) return undefined
    const bar = left.indexOf('|')
    this.#left = bar === -1 ? undefined : left.slice(bar + 1)
    return bar === -1 ? left : left.slice(0, bar)
  }

  all(): string {
    return this.#left ?? ''
  }
}
