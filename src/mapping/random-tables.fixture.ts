// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/** For tests: random rows and probes of a small alphabet, so that they meet often. */
import fc from 'fast-check'

const pieces = (...texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts)
const joined = (piece: fc.Arbitrary<string>, least: number, most: number): fc.Arbitrary<string> =>
  fc.array(piece, { minLength: least, maxLength: most }).map((list) => list.join(''))

const patternPiece = fc.oneof(
  { weight: 6, arbitrary: pieces('a', 'b', 'ab', 'A', '.', '@', '|', '1', '0', '-', ':', 'é', '::', '10.') },
  { weight: 5, arbitrary: pieces('*', '*', '%', '$_*', '$@*', '$_@*', '$@%', '$^*') },
  { weight: 3, arbitrary: pieces('$A*', '$A%', '$D*', '$D%', '$_D*', '$@a*', '$X*', '$b*', '$S%', '$o*') },
  { weight: 2, arbitrary: pieces('$[ab]*', '$[a-c1]%', '$[.@]*', '$_[0-9.]*', '$@[a\\-]*', '$[B1]*') },
  { weight: 1, arbitrary: pieces('$*', '$%', '$$', '$ ') },
  {
    weight: 1,
    arbitrary: pieces('$(10.1.2.3/8)', '$(10.1.2.3)', '$<10.1.2.9/2>', '$@(0.0.0.0/0)', '${2001:db8::9/32}', '${::1}'),
  },
  { weight: 1, arbitrary: pieces('$0*', '$1*', '$@0*', '$0') },
)

const templatePiece = fc.oneof(
  { weight: 4, arbitrary: pieces('a', 'b', 'B', '.', '@', '|', '1', '$$', '$ ') },
  { weight: 4, arbitrary: pieces('$0', '$1', '$2', '$9') },
  { weight: 3, arbitrary: pieces('$Y', '$n', '$f', '$<') },
  { weight: 3, arbitrary: pieces('$C', '$E', '$L', '$R', '$c') },
  { weight: 1, arbitrary: pieces('$\\', '$^', '$_', '$:A', '$;A', '$:t') },
)

const probePiece = fc.oneof(
  {
    weight: 6,
    arbitrary: pieces('a', 'b', 'A', 'B', '.', '@', '|', '1', '0', '-', ':', 'é', '$', '*', '%', ' ', '\t'),
  },
  {
    weight: 2,
    arbitrary: pieces('10.1.2.3', '10.1.2.8', '10.200.0.1', '192.0.2.1', '2001:db8::1', '::1', '10.1.2.3.4'),
  },
)

export const anyPattern = joined(patternPiece, 1, 7)
/** A backslash at the end of a line would continue it. */
export const anyTemplate = joined(templatePiece, 1, 6).map((text) => (text.endsWith('\\') ? `${text}x` : text))
export const anyProbe = joined(probePiece, 0, 9)
export const anyRow = fc.record({ pattern: anyPattern, template: anyTemplate })
