// SPDX-License-Identifier: Apache-2.0
/** Lines of an alias file: comments left out, continuations joined, every character still knowing its place. */

export interface Line {
  readonly content: string
  /** The first physical line, for people. */
  readonly first: string
  /** Line and column, from 1, of a character of `content`. */
  place(offset: number): { readonly line: number; readonly column: number }
}

export interface Piece {
  readonly text: string
  /** Where it begins in the line's content. */
  readonly offset: number
}

/** A physical line within a logical one. */
interface Segment {
  readonly text: string
  readonly line: number
  readonly column: number
}

export function* logicalLines(text: string): Generator<Line> {
  let segments: Segment[] = []
  let goesOn = false
  let number = 0
  for (const raw of text.split('\n')) {
    number++
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith('!')) continue
    if (segments.length > 0 && !goesOn && !/^[ \t]/.test(line)) {
      yield joined(segments)
      segments = []
    }
    const backslash = trimmed.endsWith('\\')
    goesOn = backslash || trimmed.endsWith(',')
    const column = line.length - line.trimStart().length + 1
    segments.push({ text: backslash ? trimmed.slice(0, -1).trimEnd() : trimmed, line: number, column })
  }
  if (segments.length > 0) yield joined(segments)
}

function joined(segments: readonly Segment[]): Line {
  return {
    content: segments.map(({ text }) => text).join(' '),
    first: segments[0]?.text ?? '',
    place(offset) {
      let at = 0
      let place = { line: 1, column: 1 }
      for (const { text, line, column } of segments) {
        if (offset < at) break
        place = { line, column: column + offset - at }
        at += text.length + 1
      }
      return place
    },
  }
}

/** At commas outside quotes, from `start` on; empty ones are left out. */
export function splitMembers(content: string, start: number): readonly Piece[] {
  const pieces: Piece[] = []
  let from = start
  let quoted = false
  for (let at = start; at <= content.length; at++) {
    const c = content[at]
    if (c === '\\' && quoted) at++
    else if (c === '"') quoted = !quoted
    if (at < content.length && (c !== ',' || quoted)) continue
    const raw = content.slice(from, at)
    const text = raw.trim()
    if (text !== '') pieces.push({ text, offset: from + raw.length - raw.trimStart().length })
    from = at + 1
  }
  return pieces
}
