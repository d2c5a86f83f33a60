// SPDX-License-Identifier: Apache-2.0
/** Limits that change nothing as things stand, and one that other systems will run into. */
import { childOf, walkableSchema } from '../json-schema.ts'
import { isService, START_CHANNEL } from '../start-channel.ts'
import { parseSizeBytes } from '../units.ts'
import type { Path } from '../yaml-source.ts'
import type { Check, Checking } from './check.ts'

/** Limits of a channel under which `limits` holds a net: the smaller one counts. */
const NETS = {
  transactionLimit: 'transactions',
  allowTransactionsPerSession: 'transactions',
  deferralRejectLimit: 'refusedRecipients',
  disconnectRejectLimit: 'refusedRecipients',
  recipientLimit: 'recipients',
  disconnectBadCommandLimit: 'badCommands',
  disconnectBadAuthLimit: 'failedAuth',
} as const

/** RFC 5321 §4.5.3.1.8 */
const LEAST_RECIPIENTS = 100

export const checkLimits: Check = (c) => {
  const starts = startChannels(c)
  blocks(c, ['limits', 'blockLimit'])
  for (const [name] of c.map('channels')) {
    longLines(c, name, starts)
    const atRcpt = c.map('channels', name).some(([key, value]) => key === 'transactionLimitRcptTo' && value === true)
    if (atRcpt && !c.has('channels', name, 'allowTransactionsPerSession'))
      c.report({
        code: 'no-effect',
        severity: 'warning',
        path: ['channels', name, 'transactionLimitRcptTo'],
        where: 'key',
        message: `\`transactionLimitRcptTo\` of \`${name}\` has no effect`,
        reason: 'it says where allowTransactionsPerSession is judged, which is not set',
      })
    for (const [limit, net] of Object.entries(NETS)) {
      const [own, site] = [c.number('channels', name, limit), number(c, 'limits', net)]
      if (own === undefined || site === undefined || own <= site) continue
      tooLarge(c, ['channels', name, limit], `limits.${net} (${site})`)
    }
    blocks(c, ['channels', name, 'sourceBlockLimit'])
    const recipients = c.number('channels', name, 'recipientLimit')
    if (recipients !== undefined && recipients < LEAST_RECIPIENTS)
      c.report({
        code: 'limit-low',
        severity: 'warning',
        path: ['channels', name, 'recipientLimit'],
        message: `other systems may send ${LEAST_RECIPIENTS} recipients at once to \`${name}\``,
        reason: 'RFC 5321 §4.5.3.1.8; what is refused with 452 comes again, later',
        fix: `a limit of at least ${LEAST_RECIPIENTS}; holdLimit and recipientCutoff look at whole messages`,
      })
  }
}

/** Channels that sessions start on. */
function startChannels(c: Checking): ReadonlySet<string> {
  const names = c.map('listeners').map(([name]) => {
    const service = c.text('listeners', name, 'service') ?? ''
    return c.text('listeners', name, 'channel') ?? (isService(service) ? START_CHANNEL[service] : '')
  })
  return new Set(names)
}

function longLines(c: Checking, name: string, starts: ReadonlySet<string>): void {
  const rule = c.text('channels', name, 'longLines') ?? 'pass'
  if (rule === 'pass' || starts.has(name)) return
  c.report({
    code: 'no-effect',
    severity: 'warning',
    path: ['channels', name, 'longLines'],
    where: 'key',
    message: `\`longLines\` of \`${name}\` has no effect`,
    reason: 'the channel a session starts on decides, and no listener starts sessions here',
    fix: `write it on ${[...starts].map((start) => `\`${start}\``).join(' or ')}`,
  })
}

function blocks(c: Checking, path: Path): void {
  const own = c.number(...path)
  const blockSize = number(c, 'limits', 'blockSize')
  const messageSize = bytes(
    c.number('limits', 'messageSize') ?? c.text('limits', 'messageSize') ?? fallback('messageSize'),
  )
  if (own === undefined || blockSize === undefined || messageSize === undefined) return
  if (own * blockSize > messageSize) tooLarge(c, path, `limits.messageSize (${messageSize} octets)`)
}

function tooLarge(c: Checking, path: Path, net: string): void {
  c.report({
    code: 'no-effect',
    severity: 'warning',
    path,
    message: `\`${path.join('.')}\` is never reached`,
    reason: `${net} is smaller and counts too`,
  })
}

const number = (c: Checking, ...path: readonly [string, string]): number | undefined => {
  const value = c.number(...path) ?? fallback(path[1])
  return typeof value === 'number' ? value : undefined
}

/** The default of a key of `limits`, as it would be written. */
function fallback(key: string): unknown {
  const limits = childOf(walkableSchema(), 'limits')
  return limits === undefined ? undefined : childOf(limits, key)?.default
}

const bytes = (given: unknown): number | undefined =>
  typeof given === 'number' ? given : typeof given === 'string' ? parseSizeBytes(given) : undefined
