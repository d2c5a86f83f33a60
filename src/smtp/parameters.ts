// SPDX-License-Identifier: Apache-2.0
/**
 * ESMTP parameters of MAIL FROM and RCPT TO: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), AUTH (RFC 4954 §5),
 * RET, ENVID, NOTIFY, ORCPT (RFC 3461 §4, RFC 6533 §3). A problem is the reply it calls for.
 */
import { isAscii } from '../address/domain.ts'
import type { Notify, OriginalRecipient } from '../envelope/envelope.ts'
import { trimBlanks } from './command.ts'
import { type Reply, reply } from './reply.ts'
import { decodeUtf8Xtext, decodeXtext } from './xtext.ts'

export interface MailParameters {
  readonly size: number
  readonly body: '7bit' | '8bit'
  readonly smtputf8: boolean
  readonly ret?: 'full' | 'hdrs'
  readonly envid?: string
  /** AUTH=, decoded; `<>` stays. Never trusted for anything. */
  readonly auth?: string
}

export interface RcptParameters {
  readonly notify?: Notify
  readonly orcpt?: OriginalRecipient
}

export interface ParameterProblem {
  readonly problem: Reply
}

/** More than all that exist; a bound on what a stranger can make us look at. */
const MAX_PARAMETERS = 20

/** RFC 3461 §4.4 and §4.2: the longest values, as they stand in the command. */
const MAX_ENVID = 100
const MAX_ORCPT = 500

const bad = (text: string): ParameterProblem => ({ problem: reply(501, '5.4', text) })
const unknown = (keyword: string): ParameterProblem => ({
  problem: reply(555, '5.4', `Parameter not supported: ${keyword}`),
}) // RFC 5321 §4.1.1.11

const NONE: ReadonlyMap<string, string> = new Map()

/** esmtp-keyword ["=" esmtp-value], RFC 5321 §4.1.2; keywords in upper case. */
export function parseParameters(rest: string): ReadonlyMap<string, string> | ParameterProblem {
  const text = trimBlanks(rest)
  if (text === '') return NONE
  const found = new Map<string, string>()
  if (!/^[ \t]/.test(rest)) return bad('Expected a blank between address and parameters')
  for (const word of text.split(/[ \t]+/, MAX_PARAMETERS + 1)) {
    const m = /^([A-Za-z0-9][A-Za-z0-9-]{0,63})(?:=([^= \u0000-\u001f\u007f]+))?$/.exec(word)
    if (m?.[1] === undefined) return bad('Malformed parameter')
    const keyword = m[1].toUpperCase()
    if (found.has(keyword)) return bad(`Parameter given twice: ${keyword}`)
    found.set(keyword, m[2] ?? '')
    if (found.size > MAX_PARAMETERS) return bad('Too many parameters')
  }
  return found
}

export function parseMailParameters(rest: string): MailParameters | ParameterProblem {
  const given = parseParameters(rest)
  if ('problem' in given) return given
  let result: MailParameters = { size: 0, body: '7bit', smtputf8: given.has('SMTPUTF8') }
  for (const [keyword, value] of given) {
    switch (keyword) {
      case 'SIZE':
        if (!/^\d{1,20}$/.test(value)) return bad('SIZE needs a number') // RFC 1870 §5
        result = { ...result, size: Number(value) }
        break
      case 'BODY': {
        const body = value.toUpperCase()
        if (body === 'BINARYMIME') return { problem: reply(555, '5.4', 'BINARYMIME is not supported') }
        if (body !== '7BIT' && body !== '8BITMIME') return bad('BODY is 7BIT or 8BITMIME')
        result = { ...result, body: body === '7BIT' ? '7bit' : '8bit' }
        break
      }
      case 'SMTPUTF8':
        if (value !== '') return bad('SMTPUTF8 takes no value') // RFC 6531 §3.4
        break
      case 'AUTH': {
        const auth = decodeXtext(value)
        if (auth === undefined || value === '') return bad('AUTH is not xtext')
        result = { ...result, auth }
        break
      }
      case 'RET': {
        const ret = value.toUpperCase()
        if (ret !== 'FULL' && ret !== 'HDRS') return bad('RET is FULL or HDRS')
        result = { ...result, ret: ret === 'FULL' ? 'full' : 'hdrs' }
        break
      }
      case 'ENVID': {
        const envid = decodeXtext(value)
        if (envid === undefined || value === '' || value.length > MAX_ENVID)
          return bad('ENVID is not xtext of at most 100 characters') // RFC 3461 §4.4
        if (!/^[ -~]*$/.test(envid)) return bad('ENVID holds what cannot be printed')
        result = { ...result, envid }
        break
      }
      default:
        return unknown(keyword)
    }
  }
  return result
}

export function parseRcptParameters(
  rest: string,
  { smtputf8 }: { readonly smtputf8: boolean },
): RcptParameters | ParameterProblem {
  const given = parseParameters(rest)
  if ('problem' in given) return given
  let result: RcptParameters = {}
  for (const [keyword, value] of given) {
    switch (keyword) {
      case 'NOTIFY': {
        const notify = parseNotify(value)
        if (notify === undefined) return bad('NOTIFY is NEVER, or a list of SUCCESS, FAILURE and DELAY')
        result = { ...result, notify }
        break
      }
      case 'ORCPT': {
        const orcpt = parseOrcpt(value, smtputf8)
        if (orcpt === undefined) return bad('ORCPT is a type, a semicolon and an address in xtext')
        result = { ...result, orcpt }
        break
      }
      default:
        return unknown(keyword)
    }
  }
  return result
}

/** RFC 3461 §4.1 */
function parseNotify(value: string): Notify | undefined {
  const words = value.toLowerCase().split(',')
  if (words.length === 1 && words[0] === 'never') return 'never'
  const list: ('success' | 'failure' | 'delay')[] = []
  for (const word of words) {
    if (word !== 'success' && word !== 'failure' && word !== 'delay') return undefined
    if (list.includes(word)) return undefined
    list.push(word)
  }
  return list
}

/** RFC 3461 §4.2; type utf-8 by RFC 6533 §3 */
function parseOrcpt(value: string, smtputf8: boolean): OriginalRecipient | undefined {
  const m = /^([A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,64});(.+)$/su.exec(value)
  if (m?.[1] === undefined || m[2] === undefined || Buffer.byteLength(value) > MAX_ORCPT) return undefined
  const type = m[1].toLowerCase()
  const address = type === 'utf-8' ? decodeUtf8Xtext(m[2]) : decodeXtext(m[2])
  if (address === undefined || /[\u0000-\u001f\u007f-\u009f]/.test(address)) return undefined
  // What is not ASCII has its own type since RFC 6533; elsewhere nobody could say in which character set it is.
  if (type !== 'utf-8' && !isAscii(address)) return undefined
  if (!smtputf8 && !isAscii(m[2])) return undefined // RFC 6533 §3: unitext only under SMTPUTF8
  return { type, address }
}
