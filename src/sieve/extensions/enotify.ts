// SPDX-License-Identifier: Apache-2.0
/** `notify`, `valid_notify_method` and `notify_method_capability`, RFC 5435; methods are plug-ins: mailto.ts. */
import type { ActionDef } from '../action.ts'
import { limitCode } from '../limits.ts'
import { TextList } from '../match/text-list.ts'
import type { NotifyMethodDef, SieveExtension, WordDef } from '../plugin.ts'
import { then } from '../questions.ts'
import type { RunContext } from '../run-context.ts'
import { startNotify } from '../services/start-notify.ts'
import { fccArgs } from './fcc.ts'
import { sieveAddress } from './sieve-address.ts'
import { ENCODE_URL } from './variables.ts'

const schemeOf = (uri: string): string => /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase() ?? ''

type Methods = (scheme: string) => NotifyMethodDef | undefined

function uriProblem(uri: string, methods: Methods): string | undefined {
  const method = methods(schemeOf(uri))
  return method === undefined ? `nothing notifies by ${JSON.stringify(uri.slice(0, 40))}` : method.problem(uri)
}

const NOTIFY: WordDef = {
  name: 'notify',
  kind: 'command',
  tags: [
    { name: 'from', value: 'string' },
    { name: 'importance', value: 'string' },
    { name: 'options', value: 'string-list' },
    { name: 'message', value: 'string' },
  ],
  positional: [{ name: 'method', type: 'string' }],
  perRecipient: true,
  validate(word, ctx) {
    const uri = word.constant('method')
    const problem = uri === undefined ? undefined : uriProblem(uri, (scheme) => ctx.notifyMethod(scheme))
    if (problem !== undefined) ctx.error(word.spanOf('method'), 'notify-method', problem)
    const level = word.constant('importance')
    if (level !== undefined && !isImportance(level))
      ctx.error(word.spanOf('importance'), 'importance', 'importance is "1", "2" or "3"')
  },
  execute(ctx, args) {
    const uri = args.string('method')
    const problem = uriProblem(uri, (scheme) => ctx.notifyMethod(scheme))
    if (problem !== undefined) return ctx.fail('notify-method', problem, args)
    const importance = args.has('importance') ? args.string('importance') : '2'
    if (!isImportance(importance)) return ctx.fail('importance', 'importance is "1", "2" or "3"', args)
    const message = args.has('message') ? args.string('message') : undefined
    if (message !== undefined && Buffer.byteLength(message) > ctx.limits.textBytes)
      return ctx.fail(limitCode('textBytes'), `a message of more than ${ctx.limits.textBytes} octets`, args)
    const from = args.has('from') ? args.string('from') : undefined
    // §3.3: a :from that the method cannot use is ignored.
    const sender = from === undefined ? undefined : sieveAddress(from) === undefined ? undefined : from
    const suppressed = ctx.notifyMethod(schemeOf(uri))?.suppressed?.(ctx)
    const fcc = fccArgs(args)
    ctx.act(
      {
        kind: 'notify',
        args: {
          uri,
          importance,
          options: args.has('options') ? args.strings('options') : [],
          ...(sender === undefined ? {} : { from: sender }),
          ...(message === undefined ? {} : { message }),
          ...(fcc === undefined ? {} : { fcc }),
          ...(suppressed === undefined ? {} : { suppressed }),
        },
      },
      args,
    )
    return undefined
  },
}

const isImportance = (text: string): text is '1' | '2' | '3' => text === '1' || text === '2' || text === '3'

/** §4 */
const VALID_NOTIFY_METHOD: WordDef = {
  name: 'valid_notify_method',
  kind: 'test',
  positional: [{ name: 'notification-uris', type: 'string-list' }],
  evaluate: (ctx, args) =>
    args.strings('notification-uris').every((uri) => uriProblem(uri, methodsOf(ctx)) === undefined),
}

const methodsOf =
  (ctx: RunContext): Methods =>
  (scheme) =>
    ctx.notifyMethod(scheme)

/** §5 */
const NOTIFY_METHOD_CAPABILITY: WordDef = {
  name: 'notify_method_capability',
  kind: 'test',
  positional: [
    { name: 'notification-uri', type: 'string' },
    { name: 'notification-capability', type: 'string' },
    { name: 'keys', type: 'string-list' },
  ],
  match: { keys: 'keys' },
  evaluate(ctx, args) {
    const uri = args.string('notification-uri')
    const capability = args.string('notification-capability').toLowerCase()
    const method = ctx.notifyMethod(schemeOf(uri))
    if (method === undefined || method.problem(uri) !== undefined) return false
    const known = method.capability?.(uri, capability)
    if (known !== undefined) return args.match(TextList.of([known]))
    return then(ctx.ask({ ask: 'sieve.notify', uri, capability }), (value) =>
      value.kind === 'absent' ? false : args.match(TextList.of([value.value])),
    )
  },
}

const NOTIFY_ACTION: ActionDef = { name: 'notify', cancelsImplicitKeep: false, limit: 'notifies', start: startNotify }

/** `:encodeurl` of §6 is a modifier of `set`. */
export const ENOTIFY: SieveExtension = {
  name: 'enotify',
  words: [NOTIFY, VALID_NOTIFY_METHOD, NOTIFY_METHOD_CAPABILITY],
  modifiers: [ENCODE_URL],
  actions: [NOTIFY_ACTION],
}
