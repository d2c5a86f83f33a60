// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language and templates write ${…} for their own purposes
/**
 * Rules of users and filter templates. Properties:
 * - values of a directory, of any octets: nothing throws; a rule that is written is read again; each value that is on is
 *   glued or dropped; what is glued compiled, and each of its lines is a line of a value;
 * - a template file of any octets: nothing throws, each diagnostic lies in the file; of one that works, an answer of any
 *   octets is refused, or makes a script with the same tokens as every other answer.
 */
import assert from 'node:assert/strict'
import { glue, namedRules, parseRule, printRule, runOrder } from '../../../src/policy/filters/rules/index.ts'
import {
  parseTemplate,
  readTemplate,
  renderTemplate,
  type Template,
} from '../../../src/policy/filters/templates/index.ts'
import { SITE_EXTENSIONS, SieveEngine } from '../../../src/sieve/index.ts'
import { any, maybe, octets, type Rule, repeated, seq } from '../grammar.ts'
import { SCRIPT } from '../sieve-grammar.ts'
import { type Target, textOf } from '../target.ts'

const engine = new SieveEngine({ extensions: SITE_EXTENSIONS })

const BETWEEN = '\n%%\n'
const INFO = any(
  '# $Rule Info: Order=1 Name=a\n',
  '# Rule Info: $Order=2 Template=t Name=b c\n# $Fields: {"hash":"x","values":{}}\n',
  '# $Rule Info: Order=0\n',
  '# $Rule Info: Order=-1 Name=\n',
)
const VALUE: Rule = seq(maybe(INFO), any(SCRIPT, SCRIPT, 'require "variables";set "a" "${b}";', octets(0, 40)))

export const filterRules: Target = {
  name: 'filter-rules',
  grammar: seq(VALUE, repeated(seq(BETWEEN, VALUE), 4)),
  dictionary: [
    '# $Rule Info: ',
    'Order=',
    'Template=',
    'Name=',
    '# $Fields: ',
    '\r',
    '\n',
    BETWEEN,
    '${',
    '"',
    'require',
  ],
  seeds: [Buffer.from(`# $Rule Info: Order=1 Name=a\nrequire "fileinto";fileinto "\${a}";${BETWEEN}stop;`)],
  shortRuns: 150,
  check(input) {
    const values = textOf(input).split(BETWEEN)
    for (const value of values) {
      const rule = parseRule(value)
      assert.deepEqual(parseRule(printRule(rule)), rule)
    }
    assert.equal(new Set(namedRules(values).map(({ name }) => name)).size, values.length)
    const { text, program, order, dropped, placeOf } = glue(values, { engine })
    assert.deepEqual([...order, ...dropped.map(({ index }) => index)].sort(), runOrder(values).toSorted())
    assert.equal(program === undefined, text === '')
    const lines = text.split('\n')
    for (let line = 2; line < lines.length; line++) {
      const { index, line: own } = placeOf(line) ?? assert.fail(`line ${line} is nowhere`)
      assert.ok(own <= (values[index] ?? '').split('\n').length)
    }
  },
}

const FORM = '---\nname: t\ntitle: T\nfields:\n'
const FIELD = any(
  '  - { id: x, type: string, prompt: X }\n',
  '  - { id: x, type: text, prompt: X }\n',
  '  - { id: x, type: folder, prompt: X, required: true, list: true }\n',
  '  - { id: x, type: choice, prompt: X, default: a, values: { a: keep;, b: "stop;" } }\n',
)
const BODY = any('redirect ${x};\n', '${x}\n', 'require "variables";\nset "a" ${x};\n', '# ${x}\n', SCRIPT)

export const filterTemplates: Target = {
  name: 'filter-templates',
  grammar: any(seq(FORM, FIELD, '---\n', BODY), seq(FORM, FIELD, '---\n', BODY, BETWEEN, octets(0, 30)), octets(0, 60)),
  dictionary: [
    '---\n',
    '${x}',
    'fields:',
    'type: ',
    'list: true',
    '"',
    '&a',
    '*a',
    '!!',
    '\0',
    BETWEEN,
    'text:\n',
    '\n.\n',
  ],
  seeds: [
    Buffer.from(`${FORM}  - { id: x, type: string, prompt: X }\n---\nif header "a" \${x} {}${BETWEEN}"; discard; "`),
  ],
  shortRuns: 300,
  check(input) {
    const [file = '', answer = '"'] = textOf(input).split(BETWEEN)
    for (const { start, end } of parseTemplate('t', file, engine).diagnostics)
      assert.ok(start >= 0 && start <= file.length && end >= start)
    const { template } = readTemplate('t', file, { engine })
    if (template !== undefined) checkAnswer(template, answer)
  },
}

function checkAnswer(template: Template, answer: string): void {
  const plain = template.fields.filter(({ type }) => type === 'string' || type === 'text' || type === 'folder')
  const filled = (text: string): string | undefined => {
    const given = plain.map(({ id, list }) => [id, list ? [text] : text])
    const made = renderTemplate(template, Object.fromEntries(given), { engine })
    return made.kind === 'rendered' ? made.text : undefined
  }
  const [hostile, harmless] = [filled(answer), filled('x')]
  if (hostile !== undefined && harmless !== undefined) assert.equal(tokensOf(hostile), tokensOf(harmless))
}

const tokensOf = (text: string): string =>
  engine
    .parse(text)
    .ast.tokens.filter(({ kind }) => kind !== 'space')
    .map(({ kind }) => kind)
    .join(' ')
