// SPDX-License-Identifier: Apache-2.0
/**
 * A test language for Sieve, written in Sieve, as a plug-in on the public entry alone: suites replace message and
 * envelope, compile and run scripts, look at actions, and read again what was sent or stored. The words are those of the
 * test suites other implementations have, so that scripts in that form can be run.
 */
import {
  type Args,
  type Ended,
  executeActions,
  isAction,
  isAsking,
  NORMAL,
  type RunContext,
  runChain,
  type SieveAsking,
  type SieveEngine,
  type SieveEnvelope,
  type SieveExtension,
  TextList,
  type WordDef,
} from '../../../src/sieve/index.ts'
import { type SuiteState, setMessage, TestFailed } from './suite-state.ts'

/** What `test_set` can set: of the envelope by the name of its field, and how the text is read. */
const ENVELOPE: Readonly<Record<string, (value: string) => Partial<SieveEnvelope>>> = {
  from: (from) => ({ from }),
  to: (to) => ({ to }),
  auth: (auth) => ({ auth }),
  orig_to: (orcpt) => ({ orcpt }),
  notify: (values) => ({ notify: values.split(',') }),
  ret: (ret) => ({ ret: ret === 'FULL' ? 'FULL' : 'HDRS' }),
  envid: (envid) => ({ envid }),
  by_time: (time) => ({ byTime: Date.parse(time) }),
  by_relative: (seconds) => ({ byTimeRelative: Number(seconds) }),
  by_mode: (mode) => ({ byMode: mode === 'R' ? 'R' : 'N' }),
  by_trace: (trace) => ({ byTrace: trace === 'yes' }),
}
const VARIABLES_THAT_CAN_BE_SET = ['message', ...Object.keys(ENVELOPE).map((name) => `envelope.${name}`)]

export function suiteExtension(state: SuiteState, engine: () => SieveEngine): SieveExtension {
  /** A test fails when its block ends with the token of a failure, an error, or anything but its end. */
  function* runTest(ctx: RunContext, args: Args): SieveAsking<Ended> {
    ctx.actions.reset()
    state.result = undefined
    state.errors = []
    let ended: Ended
    try {
      const running = args.runBlock()
      ended = isAsking(running) ? yield* running : running
    } catch (error) {
      ended = { how: 'error', error: error instanceof Error ? error : new Error(String(error)) }
    }
    const failure =
      ended.how === 'normal'
        ? undefined
        : ended.how === 'interrupted' && ended.token instanceof TestFailed
          ? ended.token.reason
          : ended.how === 'error'
            ? ended.error.message
            : `the test ended by ${ended.how}`
    state.outcomes.push({
      name: args.string('name'),
      line: args.place.line,
      ...(failure === undefined ? {} : { failure }),
    })
    return NORMAL
  }

  const environment = (ctx: RunContext) => ({
    message: ctx.message,
    envelope: ctx.envelope,
    clock: state.services.clock,
  })

  function compile(name: string): boolean {
    const source = state.read(name)
    if (source === undefined) {
      state.errors = []
      return false
    }
    const compiled = engine().compile(source, { name })
    state.errors = compiled.diagnostics.filter(({ severity }) => severity === 'error')
    if (compiled.ok) state.program = compiled.program
    return compiled.ok
  }

  function* runScript(ctx: RunContext, args: Args): SieveAsking<boolean> {
    if (state.program === undefined) return false
    if (args.has('append_result')) {
      const running = ctx.runProgram(state.program, { result: 'append' })
      state.result = isAsking(running) ? yield* running : running
    } else {
      const running = ctx.runProgram(state.program, { result: 'new' })
      state.result = isAsking(running) ? yield* running : running
    }
    state.errors = state.result.log.filter(({ severity }) => severity === 'error')
    return state.result.status === 'ok'
  }

  const executeResult = async (ctx: RunContext): Promise<boolean> => {
    if (state.result === undefined) return false
    const { envelope } = ctx
    const owner = envelope.to === undefined ? [] : [envelope.to]
    const report = await executeActions(state.result, state.services, { envelope, owner, unique: 'suite' })
    state.errors = report.error === undefined ? [] : [errorEntry(report.error)]
    return report.error === undefined
  }

  const errorEntry = (message: string) =>
    ({ severity: 'error', phase: 'execute', code: 'execute', message, script: '', line: 0, column: 0 }) as const

  function reopen(ctx: RunContext, args: Args): boolean {
    const index = args.number('index')
    if (args.has('smtp')) {
      const sent = state.services.submission.sent[index]
      if (sent === undefined) return false
      setMessage(ctx, sent.content)
      const { from, address: to, notify, ret, byTimeRelative, byTimeAbsolute, byMode, byTrace } = sent
      ctx.setEnvelope({
        from,
        to,
        ...(notify === undefined ? {} : { notify }),
        ...(ret === undefined ? {} : { ret }),
        ...(byTimeRelative === undefined ? {} : { byTimeRelative }),
        ...(byTimeAbsolute === undefined ? {} : { byTime: byTimeAbsolute }),
        ...(byMode === undefined ? {} : { byMode }),
        ...(byTrace === undefined ? {} : { byTrace }),
      })
      return true
    }
    const stored = state.services.store.folders.get(args.string('folder'))?.[index]
    if (stored === undefined) return false
    setMessage(ctx, stored.content)
    ctx.flags = stored.flags
    return true
  }

  const words: readonly WordDef[] = [
    {
      name: 'test',
      kind: 'command',
      positional: [{ name: 'name', type: 'string', literal: true }],
      block: 'required',
      topLevel: true,
      execute: runTest,
    },
    {
      name: 'test_fail',
      kind: 'command',
      positional: [{ name: 'reason', type: 'string' }],
      execute: (ctx, args) => ctx.interrupt(new TestFailed(args.string('reason'))),
    },
    {
      name: 'test_set',
      kind: 'command',
      positional: [
        { name: 'variable', type: 'string', literal: true },
        { name: 'value', type: 'string' },
      ],
      validate(word, ctx) {
        const name = word.constant('variable')
        if (!VARIABLES_THAT_CAN_BE_SET.includes(name ?? ''))
          ctx.error(word.spanOf('variable'), 'test-set', `${name} cannot be set`)
      },
      execute(ctx, args) {
        const value = args.string('value')
        const [what = '', part = ''] = args.string('variable').split('.')
        if (what === 'message') setMessage(ctx, Buffer.from(value))
        else ctx.setEnvelope({ ...ctx.envelope, ...ENVELOPE[part]?.(value) })
        return undefined
      },
    },
    {
      name: 'test_script',
      kind: 'command',
      positional: [
        { name: 'name', type: 'string' },
        { name: 'text', type: 'string' },
      ],
      execute(_ctx, args) {
        state.scripts.set(args.string('name'), args.string('text'))
        state.services.includes.personal.set(args.string('name'), args.string('text'))
        return undefined
      },
    },
    {
      name: 'test_script_compile',
      kind: 'both',
      positional: [{ name: 'name', type: 'string' }],
      execute: (ctx, args) =>
        compile(args.string('name')) ? undefined : ctx.fail('test', 'the script does not compile', args),
      evaluate: (_ctx, args) => compile(args.string('name')),
    },
    {
      name: 'test_script_run',
      kind: 'both',
      tags: [{ name: 'append_result' }],
      *execute(ctx, args) {
        return (yield* runScript(ctx, args)) ? undefined : ctx.fail('test', 'the script failed', args)
      },
      evaluate: runScript,
    },
    {
      name: 'test_multiscript',
      kind: 'test',
      positional: [{ name: 'scripts', type: 'string-list' }],
      async evaluate(ctx, args) {
        const programs = args.strings('scripts').flatMap((name) => (compile(name) ? (state.program ?? []) : []))
        if (programs.length !== args.strings('scripts').length) return false
        const chain = await runChain(engine(), programs, environment(ctx), state.services, {
          envelope: ctx.envelope,
          unique: 'suite',
        })
        const last = chain.runs.at(-1)
        state.result =
          last === undefined ? undefined : { ...last, actions: chain.runs.flatMap(({ actions }) => actions) }
        return last?.status === 'ok'
      },
    },
    {
      name: 'test_error',
      kind: 'test',
      index: true,
      positional: [{ name: 'keys', type: 'string-list' }],
      match: { keys: 'keys', comparator: 'i;octet' },
      evaluate: (_ctx, args) => args.match(TextList.of(args.indexed(state.errors).map(({ message }) => message))),
    },
    {
      name: 'test_result_action',
      kind: 'test',
      index: true,
      positional: [{ name: 'keys', type: 'string-list' }],
      match: { keys: 'keys', comparator: 'i;octet' },
      evaluate(_ctx, args) {
        const actions = (state.result?.actions ?? []).filter(({ def }) => def.internal !== true)
        const names: string[] = actions.map((action) => (isAction(action, 'fileinto') ? 'store' : action.kind))
        if (state.result?.implicitKeep === true) names.push('keep')
        return args.match(TextList.of(args.indexed(names)))
      },
    },
    {
      name: 'test_result_execute',
      kind: 'both',
      execute: async (ctx, args) =>
        (await executeResult(ctx)) ? undefined : ctx.fail('test', 'executing failed', args),
      evaluate: executeResult,
    },
    {
      name: 'test_result_reset',
      kind: 'command',
      execute(ctx) {
        ctx.actions.reset()
        state.result = undefined
        return undefined
      },
    },
    {
      name: 'test_message',
      kind: 'both',
      tags: [
        { name: 'smtp', group: 'from' },
        { name: 'folder', value: 'string', group: 'from' },
      ],
      oneOf: ['from'],
      positional: [{ name: 'index', type: 'number' }],
      execute: (ctx, args) => (reopen(ctx, args) ? undefined : ctx.fail('test', 'there is no such message', args)),
      evaluate: reopen,
    },
    {
      name: 'test_mailbox_create',
      kind: 'command',
      tags: [
        { name: 'specialuse', value: 'string' },
        { name: 'id', value: 'string' },
      ],
      positional: [{ name: 'mailbox', type: 'string' }],
      execute: async (_ctx, args) => {
        const { store } = state.services
        await store.create(args.string('mailbox'), args.has('specialuse') ? args.string('specialuse') : undefined)
        if (args.has('id')) store.ids.set(args.string('id'), args.string('mailbox'))
        return undefined
      },
    },
    {
      name: 'test_imap_metadata_set',
      kind: 'command',
      tags: [{ name: 'mailbox', value: 'string' }],
      positional: [
        { name: 'annotation', type: 'string' },
        { name: 'value', type: 'string' },
      ],
      execute(_ctx, args) {
        const mailbox = args.has('mailbox') ? args.string('mailbox') : undefined
        state.services.store.setMetadata(mailbox, args.string('annotation'), args.string('value'))
        return undefined
      },
    },
    {
      name: 'test_list',
      kind: 'command',
      positional: [
        { name: 'name', type: 'string' },
        { name: 'members', type: 'string-list' },
      ],
      execute: (_ctx, args) => void state.services.lists.lists.set(args.string('name'), args.strings('members')),
    },
    {
      name: 'test_score',
      kind: 'command',
      positional: [
        { name: 'of', type: 'string' },
        { name: 'score', type: 'string' },
      ],
      execute(_ctx, args) {
        const of = args.string('of') === 'virus' ? 'virus' : 'spam'
        state.services.scores.known.set(of, { score: Number(args.string('score')) })
        return undefined
      },
    },
    {
      name: 'test_config_set',
      kind: 'command',
      positional: [
        { name: 'extension', type: 'string' },
        { name: 'json', type: 'string' },
      ],
      execute: (_ctx, args) => void state.config.set(args.string('extension'), args.string('json')),
    },
    {
      name: 'test_config_reload',
      kind: 'command',
      tags: [{ name: 'extension', value: 'string' }],
      execute(ctx, args) {
        const name = args.string('extension')
        ctx.reconfigure(name, JSON.parse(state.config.get(name) ?? '{}'))
        return undefined
      },
    },
    {
      name: 'test_binary_save',
      kind: 'command',
      positional: [{ name: 'name', type: 'string' }],
      execute(_ctx, args) {
        if (state.program !== undefined) state.saved.set(args.string('name'), engine().save(state.program))
        return undefined
      },
    },
    {
      name: 'test_binary_load',
      kind: 'command',
      positional: [{ name: 'name', type: 'string' }],
      execute(ctx, args) {
        const loaded = engine().load(state.saved.get(args.string('name')) ?? '')
        if (loaded?.ok !== true) return ctx.fail('test', 'cannot be loaded', args)
        state.program = loaded.program
        return undefined
      },
    },
  ]

  return {
    name: 'vnd.dovecot.testsuite',
    hidden: true,
    words,
    namespaces: [{ name: 'tst', valid: (path) => path === 'path', get: () => state.folder }],
  }
}
