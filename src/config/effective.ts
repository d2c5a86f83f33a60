// SPDX-License-Identifier: Apache-2.0
/** The whole configuration as YAML, each value with the line it comes from, or that it is a default. */
import { Document, isMap, isScalar, isSeq } from 'yaml'
import type { LoadedRevision } from './where.ts'
import type { Path } from './yaml-source.ts'

export function effectiveYaml(revision: LoadedRevision): string {
  const document = new Document(revision.asWritten, { version: '1.2', schema: 'core' })
  document.commentBefore = ` Revision ${revision.id}, from ${revision.directory}.\n Every setting, with the place it comes from.`
  annotate(document.contents, [], revision)
  return document.toString({ lineWidth: 0, flowCollectionPadding: true })
}

function annotate(node: unknown, path: Path, revision: LoadedRevision): void {
  if (isMap(node)) {
    for (const pair of node.items) {
      const key = String(isScalar(pair.key) ? pair.key.value : pair.key)
      annotate(pair.value, [...path, key], revision)
    }
    if (node.items.length === 0) node.comment = ` ${origin(path, revision)}`
  } else if (isSeq(node)) {
    if (node.items.every(isScalar)) {
      node.flow = true
      node.comment = ` ${origin(path, revision)}`
    } else for (const [i, item] of node.items.entries()) annotate(item, [...path, i], revision)
  } else if (isScalar(node)) node.comment = ` ${origin(path, revision)}`
}

function origin(path: Path, revision: LoadedRevision): string {
  const where = revision.where(...path)
  return where.by === 'config' ? `${where.at.file}:${where.at.line}` : 'default'
}
