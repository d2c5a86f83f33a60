// SPDX-License-Identifier: Apache-2.0
/** Changes of the header between levels: what one made is made to copies that an earlier one had taken (spec filters.md 4). */
import type { FilterEdit } from '../../envelope/filtered.ts'
import { encodeText } from '../../mime/encoded-word.ts'
import { field } from '../../mime/fields.ts'
import { Field, type HeaderEdit, type SieveMessage, taggedSubject } from '../../sieve/index.ts'

/** As the queue keeps them. */
export const filterEdits = (edits: readonly HeaderEdit[]): readonly FilterEdit[] =>
  edits.map((each) =>
    each.edit === 'delete'
      ? { edit: 'delete', name: each.name.toLowerCase(), occurrence: each.occurrence }
      : { edit: each.last ? 'append' : 'prepend', field: each.field },
  )

/** Makes edits of another message to this one; a field that is not there any more is not taken out. */
export function withEdits(message: SieveMessage, edits: readonly HeaderEdit[]): SieveMessage {
  let edited = message
  for (const edit of edits) {
    if (edit.edit === 'delete') {
      const old = edited.fieldsNamed(edit.name)[edit.occurrence - 1]
      if (old !== undefined) edited = edited.withDeleted(old)
      continue
    }
    const raw = Buffer.from(edit.field)
    const value = edit.field
      .slice(edit.name.length + 1)
      .replace(/\r\n(?=[ \t])/g, '')
      .trim()
    edited = edited.withAdded(new Field({ name: edit.name, raw, value }), edit.last)
  }
  return edited
}

/** With tags in front of the subject that do not stand in it yet; a message without subject gets one of tags. */
export function withTags(message: SieveMessage, tags: readonly string[]): SieveMessage {
  if (tags.length === 0) return message
  const [old] = message.fieldsNamed('subject')
  const before = old?.decoded ?? ''
  const after = taggedSubject(before, tags)
  if (after === before) return message
  const without = old === undefined ? message : message.withDeleted(old)
  const subject = new Field({ name: 'Subject', raw: Buffer.from(field('Subject', encodeText(after))), value: after })
  return without.withAdded(subject, false)
}
