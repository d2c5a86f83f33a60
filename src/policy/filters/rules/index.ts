// SPDX-License-Identifier: Apache-2.0
/** Rules of a person's filter: read and written, put in order, made one script, seen as named scripts. */
export { type Dropped, type Glued, type GlueOptions, glue, MAX_RULES, runOrder } from './glue.ts'
export {
  deleteRule,
  enableOnly,
  enableRule,
  type NamedRule,
  namedRules,
  orderRules,
  putRule,
  type RulesChange,
  ruleNamed,
} from './named-rules.ts'
export { hashText, isEdited, isRuleName, parseRule, printRule, type Rule, type RuleFields } from './rule.ts'
