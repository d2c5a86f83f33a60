// SPDX-License-Identifier: Apache-2.0
/** Colours of results, where a person looks and wants them. */
import { styleText } from 'node:util'

export type Style = 'red' | 'green' | 'yellow' | 'bold' | 'dim'
export type Paint = (style: Style, text: string) => string

const STYLES: Readonly<Record<string, Style>> = {
  pass: 'dim',
  change: 'green',
  accepted: 'green',
  queued: 'green',
  delivered: 'green',
  relayed: 'green',
  expanded: 'green',
  hold: 'yellow',
  held: 'yellow',
  defer: 'yellow',
  deferred: 'yellow',
  discard: 'yellow',
  discarded: 'yellow',
  refuse: 'red',
  refused: 'red',
  failed: 'red',
  bounced: 'red',
  abandoned: 'red',
}

/** Of the result of a step, of a dialogue, of a delivery. `hasOwn`: the word comes from a file. */
export const styleOf = (result: string, otherwise: Style): Style =>
  Object.hasOwn(STYLES, result) ? (STYLES[result] ?? otherwise) : otherwise

export const colours = (color: boolean): Paint =>
  color ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text
