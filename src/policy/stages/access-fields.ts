// SPDX-License-Identifier: Apache-2.0
/** Header fields that rows of the access tables asked for: `$A`, and Sender: by `$K`. Spec access-control.md 3.2. */
import type { HeaderEdit } from '../../envelope/envelope.ts'
import { addressField } from '../../mime/fields.ts'
import { silent } from '../saying.ts'
import type { ContentContext, Stage } from '../stage.ts'

const BY = { by: 'built-in', rule: 'rows with $A and $K' } as const
const SILENT = silent(BY)

export const accessFields: Stage<ContentContext> = {
  name: 'fields of access rows',
  decides: 'which header fields the access tables add',
  reference: 'spec access-control.md 3.2, $A, $K',
  judge(context) {
    const { carried, edits } = context
    if (carried === undefined) return SILENT
    const sender = senderEdits(context)
    if (carried.fields.length === 0 && sender.length === 0) return SILENT
    const added = [...sender, ...carried.fields.map((field) => ({ edit: 'prepend' as const, field }))]
    const names = added.flatMap((edit) =>
      edit.edit === 'prepend' ? [edit.field.slice(0, edit.field.indexOf(':'))] : [],
    )
    const note = `added ${names.join(', ')}`
    return { verdict: { do: 'pass' }, by: BY, context: { ...context, edits: [...edits, ...added] }, note }
  },
}

/** `$K` replaces Sender:, and says who sent where there was none. */
function senderEdits({ carried }: ContentContext): readonly HeaderEdit[] {
  const address = carried?.asked.sender
  if (address === undefined) return []
  // Whether one is there is not asked: of a header with very many fields not all names are known.
  return [
    { edit: 'remove', name: 'sender' },
    { edit: 'prepend', field: addressField('Sender', [{ address }]) },
  ]
}
