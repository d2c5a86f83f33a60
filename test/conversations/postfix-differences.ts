// SPDX-License-Identifier: Apache-2.0
/** Where Postfix 3.7 answers a conversation of this folder otherwise than Postern, and why that is right or harmless. */

export interface Difference {
  readonly file: string
  /** Line of the replies in the file, or `end` for replies after its last line. */
  readonly line: number | 'end'
  readonly ours: string
  readonly postfix: string
  readonly why: string
  readonly rfc: string
}

export const POSTFIX_DIFFERENCES: readonly Difference[] = []

/** `docs/quirks/conversations-with-postfix.md` */
export function differencesDocument(): string {
  const lines = POSTFIX_DIFFERENCES.map(
    ({ file, line, ours, postfix, why, rfc }) =>
      `- \`${file}\` ${line === 'end' ? 'at its end' : `line ${line}`}: Postern ${ours}, Postfix ${postfix}. ${why} (${rfc})\n`,
  )
  return `# Conversations with Postfix\n\nWhere Postfix 3.7 answers the files of \`test/conversations\` otherwise.\n\n${lines.join('')}`
}
