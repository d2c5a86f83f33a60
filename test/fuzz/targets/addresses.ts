// SPDX-License-Identifier: Apache-2.0
/**
 * Paths, mailboxes, domains, literals, networks. Properties:
 * - every text is an address or a problem; nothing is thrown;
 * - an address has no control character, at most 254 octets, a local part of at most 64, a domain of at most 255;
 * - written between angle brackets it is read the same, as sender and as recipient, also with its source route;
 * - the key of an address is its own key; an address is the same as itself, and as its ASCII form;
 * - the form of a domain for DNS is ASCII and its own; an IP address in canonical form is its own.
 */
import assert from 'node:assert/strict'
import { domainOf, localPartOf, type MailAddress } from '../../../src/address/address.ts'
import { inNetwork, isLoopback, normaliseIp, parseNetwork } from '../../../src/address/network.ts'
import {
  addressKey,
  asciiAddress,
  asciiDomain,
  isAscii,
  type PathProblem,
  parseAddress,
  parseDomain,
  parseForwardPath,
  parseReversePath,
  sameAddress,
} from '../../../src/address/path.ts'
import { wireSafe } from '../../../src/smtp/wire-safe.ts'
import { commandLines } from '../corpus.ts'
import { any, chars, DIGITS, LETTERS, many, maybe, octets, repeated, seq, utf8 } from '../grammar.ts'
import { type Target, textOf } from '../target.ts'

const label = any(
  chars(`${LETTERS}${DIGITS}`, 1, 8),
  chars(`${LETTERS}-_`, 1, 66),
  utf8('bücher'),
  utf8('ｆull'),
  utf8('\u212aelvin'),
  'xn--bcher-kva',
  'xn--a',
  utf8('\u0308'),
  utf8('\u{1f600}'),
  utf8('ß'),
  utf8('\u200d'),
  '',
)
const domain = seq(many(label, 1, 4, '.'), maybe('.', 0.1))
const octet = any('0', '1', '127', '255', '256', '01', '192')
const ip = any(
  many(octet, 3, 5, '.'),
  many(chars('0123456789abcdefABCDEF', 0, 5), 1, 9, ':'),
  '::1',
  '::ffff:192.0.2.1',
  '::',
  'fe80::1%eth0',
)
const literal = seq('[', maybe(any('IPv6:', 'ipv6:', 'tag:')), ip, ']')
const atom = any(chars(`${LETTERS}${DIGITS}!#$%&'*+/=?^_\`{|}~-`, 1, 12), utf8('jürgen'), utf8('é'), utf8('e\u0301'))
const quoted = seq('"', many(any(chars(LETTERS, 1, 4), '\\"', '\\\\', ' ', '@', '\\a', utf8('ü'), '.'), 0, 8), '"')
const local = any(many(atom, 1, 4, '.'), quoted, repeated('l', 70), octets(1, 6), '')
const mailbox = seq(local, '@', any(domain, domain, literal))
const route = seq(many(seq('@', domain), 1, 3, ','), ':')
const path = seq('<', maybe(route, 0.2), mailbox, '>')

export const addresses: Target = {
  name: 'addresses',
  grammar: any(
    path,
    path,
    mailbox,
    domain,
    literal,
    seq(ip, maybe(seq('/', chars(DIGITS, 0, 3)))),
    '<>',
    '<PostMaster>',
  ),
  dictionary: [
    '<',
    '>',
    '@',
    '.',
    '"',
    '\\',
    '[',
    ']',
    'IPv6:',
    ':',
    ',',
    '/',
    'xn--',
    utf8('ü'),
    utf8('\u00a0'),
    '\0',
    '\n',
  ],
  seeds: commandLines.filter((line) => line.includes('@')).map((line) => line.subarray(line.indexOf('<'))),
  maxBytes: 600,
  shortRuns: 2000,
  check(input) {
    const text = textOf(input)
    for (const smtputf8 of [false, true]) {
      for (const parse of [parseReversePath, parseForwardPath]) {
        const parsed = parse(text, { smtputf8 })
        if ('problem' in parsed) checkProblem(parsed)
        else {
          assert.ok(text.endsWith(parsed.rest))
          if (parsed.path === null) assert.equal(text.slice(0, 2), '<>')
          else if ('bare' in parsed) assert.equal(parsed.path.toLowerCase(), 'postmaster')
          else checkPath(parsed.path, parsed.route, smtputf8)
        }
      }
    }
    const whole = parseAddress(text)
    if (whole !== undefined) checkAddress(whole)
    const inside = parseAddress(text.replace(/^<|>$/g, ''))
    if (inside !== undefined) checkAddress(inside)
    addressKey(text)
    checkDomain(text)
    checkNetwork(text)
  },
}

function checkProblem({ problem, text }: PathProblem): void {
  assert.ok(['syntax', 'too-long', 'utf8'].includes(problem), problem)
  assert.match(text, /^[ -~]{1,200}$/)
}

function checkPath(path: MailAddress, route: string | undefined, smtputf8: boolean): void {
  checkAddress(path)
  if (!smtputf8) assert.ok(isAscii(path))
  const written = parseForwardPath(`<${route === undefined ? '' : `${route}:`}${path}>`, { smtputf8 })
  assert.ok(!('problem' in written), 'a path written again')
  assert.equal(written.path, path)
}

function checkAddress(address: MailAddress): void {
  assert.ok(wireSafe(address) && !/[\u0000-\u001f\u007f]/.test(address), 'control character in an address')
  assert.ok(address.isWellFormed())
  assert.ok(Buffer.byteLength(address) <= 254)
  assert.ok(Buffer.byteLength(localPartOf(address)) <= 64)
  assert.ok(Buffer.byteLength(domainOf(address)) <= 255)
  assert.equal(parseAddress(address), address, 'an address read again')
  const reverse = parseReversePath(`<${address}> X=1`, { smtputf8: true })
  assert.ok(!('problem' in reverse), 'an address as a path')
  assert.deepEqual([reverse.path, reverse.rest], [address, ' X=1'])
  const key = addressKey(address)
  assert.equal(addressKey(key), key, 'the key of a key')
  assert.ok(sameAddress(address, address))
  const ascii = asciiAddress(address)
  if (ascii === undefined) return
  assert.ok(isAscii(ascii))
  assert.equal(asciiAddress(ascii), ascii)
  assert.ok(sameAddress(ascii, address), 'the ASCII form is another address')
  assert.equal(addressKey(ascii), key, 'the ASCII form has another key')
}

function checkDomain(text: string): void {
  const found = parseDomain(text)
  if (found === undefined) return
  assert.equal(parseDomain(found), found, 'a domain read again')
  const ascii = asciiDomain(found)
  if (ascii === undefined) return
  assert.match(ascii, /^(?:[a-z0-9._-]+|\[(?:IPv6:[0-9a-f:.]+|[0-9.]+)\])$/i)
  assert.equal(asciiDomain(ascii), ascii)
}

function checkNetwork(text: string): void {
  const canonical = normaliseIp(text)
  isLoopback(text)
  const network = parseNetwork(text)
  if (canonical !== undefined) {
    assert.equal(normaliseIp(canonical), canonical)
    const alone = parseNetwork(canonical)
    assert.ok(alone !== undefined && inNetwork(text, alone), 'an address is not in its own network')
  }
  if (network !== undefined)
    assert.ok(inNetwork(network.address.toString(), network), 'a network lacks its own address')
}
