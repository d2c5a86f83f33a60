// SPDX-License-Identifier: Apache-2.0
/**
 * Sieve, RFC 5228 with most of its extensions: the public entry, `postern/sieve`.
 *
 * A script says what becomes of a message. The language is pure: it reads no mailbox, knows no time and no network; what
 * it needs it asks, and what it wants done it gives back as actions.
 *
 *   const engine = new SieveEngine({ extensions: STANDARD_EXTENSIONS })
 *   const compiled = engine.compile(source, { name: 'main' })      // all mistakes in one go: formatDiagnostic shows them
 *   const run = engine.createRun(compiled.program, { message: SieveMessage.parse(bytes), envelope: { from, to } })
 *   const result = yield* within(run.asking(), adapter)            // in a stage
 *   const result = await run.execute(hostOf(services))             // in a tool
 *   await executeActions(result, services, { envelope, unique })   // where services carry actions out
 *
 * `result.actions` are in order; `result.implicitKeep` says that the message goes to the inbox as well. After an error the
 * actions must not be carried out, and the owner is told (RFC 5228 §2.10.6). `deferred` means "try later".
 *
 * Everything beyond the grammar is a plug-in (plugin.ts): `STANDARD_EXTENSIONS` are made like those of a host.
 */

export {
  type Action,
  type ActionArgs,
  type ActionDef,
  type ActionKind,
  ActionList,
  type FccArgs,
  type FileintoArgs,
  isAction,
  type NewAction,
  type NotifyArgs,
  type RedirectArgs,
  type StoreArgs,
  type Taken,
  type VacationArgs,
} from './action.ts'
export { type ChainResult, runChain } from './chain.ts'
export { type CompiledBlock, type CompiledValue, CompiledWord, VariableTexts, type WordShape } from './compiled.ts'
export { type Diagnostic, Diagnostics, formatDiagnostic, type Phase, ScriptText, type Severity } from './diagnostic.ts'
export { type CompileOptions, SieveEngine, type SieveEngineOptions, SieveRun } from './engine.ts'
export { type SieveEnvelope, type SplitAddress, splitAddress } from './envelope.ts'
export { type ActionReport, type ExecuteOptions, type ExecutionReport, executeActions } from './execute.ts'
export { DUPLICATE_CONFIG, type DuplicateConfig } from './extensions/duplicate.ts'
export { EDITHEADER_CONFIG, type EditHeaderConfig } from './extensions/editheader.ts'
export { ENVIRONMENT_CONFIG, type EnvironmentConfig } from './extensions/environment.ts'
export { listName } from './extensions/extlists.ts'
export { normalizeFlags } from './extensions/flags.ts'
export { isScriptName } from './extensions/include.ts'
export { type Mailto, parseMailto } from './extensions/mailto.ts'
export type { PatternCompiler } from './extensions/pattern.ts'
export { regexExtension } from './extensions/regex.ts'
export { sieveAddress } from './extensions/sieve-address.ts'
export { STANDARD_EXTENSIONS } from './extensions/standard.ts'
export { SUBADDRESS_CONFIG } from './extensions/subaddress.ts'
export { VACATION_CONFIG, type VacationConfig } from './extensions/vacation.ts'
export { limitCode, SIEVE_LIMITS, type SieveLimits } from './limits.ts'
export { TextList } from './match/text-list.ts'
export { Field, type HeaderEdit, SieveMessage } from './message.ts'
export type { Place, Span } from './place.ts'
export type {
  AddedTagDef,
  AddressPartDef,
  Args,
  ComparatorDef,
  ConfigKey,
  EnvelopePartDef,
  EnvItemDef,
  Matching,
  MatchTypeDef,
  ModifierDef,
  NamespaceDef,
  NotifyMethodDef,
  PositionalDef,
  SieveExtension,
  TagDef,
  ValidateContext,
  ValueType,
  WordDef,
} from './plugin.ts'
export type { PrivateActionKind } from './private/args.ts'
export { LAST_VERDICT, VERDICTS, type Verdict, verdictOf } from './private/environment.ts'
export { ALLOWED_AT, LEVEL_LIMITS, SIEVE_LEVELS, type SieveLevel } from './private/levels.ts'
export { SITE_EXTENSIONS } from './private/site.ts'
export { adjustmentOf } from './private/spamadjust.ts'
export { taggedSubject, tagProblem } from './private/tags.ts'
export type { Compiled, SieveProgram } from './program.ts'
export {
  answer,
  type Found,
  firstOf,
  isAsking,
  type Maybe,
  type Score,
  type SieveAdapter,
  type SieveAnswers,
  type SieveAsking,
  type SieveHost,
  type SieveQuestion,
  type SieveQuestionKind,
  type SieveQuestionOf,
  then as andThen,
  within,
} from './questions.ts'
export { type Ended, NORMAL, RETURN, STOP } from './run/ended.ts'
export type { SieveRunResult } from './run/result.ts'
export type { LogEntry, RunContext, SieveEnvironment, Slot, TraceStep, VariableScope } from './run-context.ts'
export { composeNotification, composeVacation } from './services/compose.ts'
export { hostOf } from './services/host.ts'
export {
  MemoryIncludes,
  MemoryLists,
  MemoryMailStore,
  MemoryMemory,
  MemoryNotifier,
  MemoryOutbox,
  MemoryScores,
  type MockServices,
  mockServices,
  type SentMessage,
  type StoredMessage,
} from './services/mock-services.ts'
export type {
  ActionStart,
  Execution,
  IncludeStore,
  ListStore,
  MailStore,
  MemoryStore,
  Notification,
  Notifier,
  OutgoingMessage,
  OutgoingRecipient,
  ScoreSource,
  SieveServices,
  Started,
  Submission,
  Transaction,
} from './services/services.ts'
export { vacationKey } from './services/start-vacation.ts'
export type { Token, TokenKind } from './syntax/token.ts'
export {
  type ArgumentNode,
  type BlockNode,
  type CommandNode,
  printScript,
  quoteString,
  replaceSpans,
  type ScriptNode,
  type StringNode,
  type TestNode,
  type WordNode,
} from './syntax/tree.ts'
