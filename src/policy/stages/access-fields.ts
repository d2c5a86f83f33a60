// SPDX-License-Identifier: Apache-2.0
/** Header fields that rows of the access tables asked for, `$A`: spec access-control.md 3.2. */
import type { ContentContext, Stage } from '../stage.ts'

export const accessFields: Stage<ContentContext> = {
  name: 'fields of access rows',
  decides: 'which header fields the access tables add',
  reference: 'spec access-control.md 3.2, $A',
  *run(context) {
    const { carried, edits } = context
    const by = { by: 'built-in', rule: 'rows with $A' } as const
    if (carried === undefined || carried.fields.length === 0) return { verdict: { do: 'pass' }, by, silent: true }
    const added = carried.fields.map((field) => ({ edit: 'prepend' as const, field }))
    const note = `added ${carried.fields.map((text) => text.slice(0, text.indexOf(':'))).join(', ')}`
    return { verdict: { do: 'pass' }, by, context: { ...context, edits: [...edits, ...added] }, note }
  },
}
