// SPDX-License-Identifier: Apache-2.0
/** Filter templates: read, checked, filled in, and found again behind a stored rule. */
export { type Answers, type FieldProblem, readAnswers } from './answers.ts'
export { checkTemplate } from './check.ts'
export { FIELD_TYPES, type Field, type FieldType, type FieldValue } from './field.ts'
export { formOf, type RuleForm, type RuleMade, ruleOf } from './form.ts'
export { loadTemplates, readTemplate, SHIPPED_TEMPLATES, type TemplatesLoaded } from './load.ts'
export { type Rendered, type RenderOptions, renderTemplate } from './render.ts'
export { parseTemplate, type Template, type TemplateRead } from './template.ts'
