// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language writes ${…} for its own purposes
/**
 * Proves: no text of a file, no probe and no answer of a host makes the language throw, hang or go over its bounds;
 * every problem points into the file.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { announceSeed } from '../../test/fuzz/seed.ts'
import { describeTable } from './describe.ts'
import { readGeneral } from './general.ts'
import { loadMappings } from './load.ts'
import { parsePattern } from './parse-pattern.ts'
import { parseTemplate } from './parse-template.ts'
import { formatTable } from './print.ts'
import { runIn, type World } from './tables.fixture.ts'

const bits =
  '$ $* $% $$ $_ $@ $^ $A $D* $[ ] $[a-z] $( $< $> ) ${ } $} { $| | $] [ $# # $? ? $: $; $\\ $= $0 $9* $C $E $L $R $Y $n a B 7 * % ; , / . : 10.0.0.1 ::1 50 T é 😀 \u0000'.split(
    ' ',
  )
const text = fc
  .array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...bits, ' ') }, fc.string({ maxLength: 3 })), {
    maxLength: 25,
  })
  .map((list) => list.join(''))
const line = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(text, text).map(([a, b]) => `  ${a} ${b}`) },
  { weight: 3, arbitrary: fc.constantFrom('', 'T', 'S', '<inc', '! x', '  a \\', '\t', '\\', '  *  $C', '  * $0x$R') },
  text,
)
const fileText = fc.array(line, { maxLength: 20 }).map((lines) => `T\n\n${lines.join('\n')}`)

const world: World = {
  draw: 0.5,
  'mapping.general': ({ key }) => ({ kind: 'found', value: `${key}$C$|T;a|` }),
  'mapping.call': ({ argument }) => ({ kind: 'found', value: argument }),
  'mapping.url': ({ url }) => ({ kind: 'found', value: url }),
  'mapping.domain': () => ({ kind: 'absent' }),
  'mapping.sequence': () => ({ kind: 'found', value: 7 }),
}

test('no file and no probe does harm', () => {
  fc.assert(
    fc.property(fileText, fileText, fc.array(text, { maxLength: 5 }), (main, included, probes) => {
      const files = new Map([main, included].map((body, i) => [i === 0 ? 'main' : 'inc', body.split('\n')]))
      const { mappings, problems } = loadMappings({ name: 'main', text: main }, () => ({ name: 'inc', text: included }))
      for (const { file, line: at, column, message } of problems) {
        const source = files.get(file)?.[at - 1]
        assert.ok(
          source !== undefined && column >= 1 && column <= source.length + 1,
          `${file}:${at}:${column} ${message}`,
        )
      }
      for (const table of mappings.tables()) {
        formatTable(table)
        describeTable(table)
      }
      for (const probe of probes) {
        const result = runIn(mappings, 'T', probe, world, { limits: { steps: 200_000, matches: 200 } })
        assert.ok(result.work < 600_000, String(result.work))
        assert.ok(result.kind === 'deferred' || result.output.length <= 16_384)
        for (const step of result.steps)
          if (step.step === 'row') assert.equal(step.pieces.map((piece) => piece.text).join(''), step.probe)
      }
      readGeneral({ name: 'g', text: main })
    }),
    { seed: announceSeed('mapping files'), numRuns: 1000 },
  )
})

test('no pattern and no template does harm, and elements stand where they say', () => {
  fc.assert(
    fc.property(text, (written) => {
      let reported = 0
      const inside = (from: number, to: number): void => {
        reported++
        assert.ok(from >= 0 && from <= to && to <= written.length)
      }
      const pattern = parsePattern(written, inside)
      let end = 0
      for (const { from, to } of pattern.elements) {
        assert.ok(from >= end && to > from && to <= written.length)
        end = to
      }
      parseTemplate(written, inside)
      assert.ok(reported < written.length + 2)
    }),
    { seed: announceSeed('mapping columns'), numRuns: 10_000 },
  )
})

test('deep and long templates are read in linear time', () => {
  let problems = 0
  const report = (): void => void problems++
  for (const piece of ['$|', '${', '$[', '$]', '$?', '$#', '$}', '$|T;', '$', '$_', '$[a', '$(', '$0'])
    for (const parse of [parsePattern, parseTemplate]) parse(piece.repeat(8000), report)
  assert.ok(problems > 0)
})
