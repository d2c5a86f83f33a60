// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Sieve
/** Sentences of Sieve, RFC 5228 with most extensions: valid ones, but for what only a check of the whole script sees. */
import {
  any,
  chars,
  LETTERS,
  many,
  maybe,
  nested,
  OBJECT_NAMES,
  octets,
  type Rule,
  repeated,
  seq,
  utf8,
} from './grammar.ts'

const blank = any(' ', ' ', ' ', '\n', '\r\n', '\t', ' # comment\n', ' /* comment */ ')
const inside = any(
  ...[
    'a',
    'Subject',
    'x@example.org',
    '*',
    '?',
    '*a*b*',
    '\\\\',
    '\\"',
    '${a}',
    '${1}',
    '${0}${a}',
    '${',
    '${global.a}',
  ],
  ...['${hex:24 7b}', '${unicode:20ac}', '${hex:ff}', 'Auto: x', '<>', '+', '\\\\Seen', '0042', '2026', ' '],
  utf8('grüße'),
  utf8('\u{1f4ec}'),
  OBJECT_NAMES,
  chars(`${LETTERS}.@+*?-`, 0, 10),
)
const text = seq('"', many(inside, 0, 3), '"')
const multiLine = seq(
  'text:',
  any('\n', '\r\n', ' # x\n'),
  many(any('line\n', '..dots\n', '\r\n', inside), 0, 3),
  '\n.\n',
)
const string = any(text, text, text, text, multiLine)
const list = any(string, seq('[', many(string, 1, 3, any(',', ', ')), ']'))
const count = any('0', '1', '2', '3', '10', '1K', '4G', '99999999999')

const fieldName = any(
  '"Subject"',
  '"From"',
  '"to"',
  '"X-A"',
  '"Received"',
  '"Content-Type"',
  '"date"',
  '["From", "Cc"]',
)
const addressField = any('"From"', '"To"', '["from", "cc"]', '"Reply-To"')
const comparator = maybe(
  any(':comparator "i;octet" ', ':comparator "i;ascii-casemap" ', ':comparator "i;unicode-casemap" '),
  0.3,
)
const regular = any('"a+"', '"(a|b)*c"', '"^.*$"', '"(a*)*b"', '"[[:alpha:]]+@"', '"(x+x+)+y"')
const relation = any('"gt"', '"ge"', '"lt"', '"le"', '"eq"', '"ne"')
const number = ':comparator "i;ascii-numeric" '
const match = any(
  seq(any('', ':is ', ':contains ', ':matches '), comparator),
  seq(':count ', relation, ' ', number),
  seq(':value ', relation, ' ', number),
)
const part = any('', '', ':all ', ':localpart ', ':domain ', ':user ', ':detail ')
const index = maybe(seq(':index ', any('1', '2', '9'), maybe(' :last'), ' '), 0.2)
const mime = maybe(seq(':mime ', maybe(':anychild ')), 0.15)
const datePart = any('"year"', '"date"', '"iso8601"', '"std11"', '"weekday"', '"julian"', '"zone"')

const leaf = any(
  seq('header ', any(mime, index), match, fieldName, ' ', list),
  seq('header :regex ', fieldName, ' ', regular),
  seq('address ', index, part, match, addressField, ' ', list),
  seq('envelope ', part, match, any('"from"', '"to"', '["from", "to"]'), ' ', list),
  seq('exists ', fieldName),
  seq('size ', any(':over ', ':under '), count),
  seq(
    'body ',
    any(':raw ', ':text ', ':content "text" ', ':content ["multipart", "message/rfc822"] ', ''),
    match,
    list,
  ),
  seq('date ', index, any('', ':zone "+0530" ', ':originalzone '), match, '"date" ', datePart, ' ', list),
  seq('currentdate ', any('', ':zone "-0800" '), match, datePart, ' ', list),
  seq('string ', match, list, ' ', list),
  seq('hasflag ', match, list),
  seq('environment ', match, any('"name"', '"domain"', '"nothing"'), ' ', list),
  seq('ihave ', any('"fileinto"', '"nothing"', '["date", "nothing"]')),
  seq('duplicate ', any('', ':handle "a" ', ':uniqueid "b" ', ':header "X-A" ')),
  seq('mailboxexists ', list),
  seq('valid_notify_method "mailto:a@example.org"'),
  'true',
  'false',
)
const test = nested(3, leaf, (inner) =>
  any(leaf, leaf, leaf, seq('not ', inner), seq(any('allof', 'anyof'), ' (', many(inner, 1, 3, any(', ', ',')), ')')),
)

const variable = any('"a"', '"b"', '"c"', '"__proto__"', '"constructor"')
const flags = maybe(seq(':flags ', list, ' '), 0.2)
const action = any(
  seq('keep ', flags),
  'discard',
  'stop',
  seq('fileinto ', maybe(':copy '), maybe(':create '), flags, string),
  seq('redirect ', maybe(':copy '), any('"x@example.org"', '"<y@example.org>"', '"${a}"')),
  seq(
    'set ',
    maybe(any(':lower ', ':upperfirst ', ':length ', ':quotewildcard ', ':encodeurl ')),
    variable,
    ' ',
    string,
  ),
  seq('set ', any('"a" "${a}${a}"', '"b" "${a}x${b}"')),
  seq(any('setflag ', 'addflag ', 'removeflag '), list),
  seq('vacation ', maybe(':days 3 '), maybe(seq(':subject ', string, ' ')), maybe(':mime '), string),
  seq('addheader ', maybe(':last '), any('"X-A"', '"X-B"'), ' ', string),
  seq('deleteheader ', index, match, any('"X-A"', '"Subject"'), ' ', list),
  seq('notify ', maybe(seq(':message ', string, ' ')), '"mailto:a@example.org"'),
  seq('include ', maybe(':once '), maybe(':optional '), any('"other"', '"itself"', '"missing"')),
  seq('error ', string),
)
const REQUIRE =
  'require ["fileinto","copy","envelope","variables","relational","comparator-i;ascii-numeric",' +
  '"comparator-i;unicode-casemap","subaddress","imap4flags","body","date","index","editheader","vacation","enotify",' +
  '"environment","ihave","duplicate","mailbox","mime","foreverypart","extracttext","include","regex","encoded-character"];\n'

const commands = nested(4, seq(action, ';\n'), (inner) =>
  any(
    seq(action, ';', blank),
    seq(action, ';', blank),
    seq(
      'if ',
      test,
      blank,
      '{',
      many(inner, 0, 3),
      '}',
      blank,
      maybe(seq('elsif ', test, '{', inner, '}\n')),
      maybe(seq('else {', inner, '}\n')),
    ),
    seq('foreverypart {', many(inner, 0, 2), maybe('extracttext "c";', 0.3), '}\n'),
  ),
)
export const SCRIPT: Rule = seq(REQUIRE, many(commands, 0, 6))

/** Scripts that are almost none: pieces of the language in any order. */
export const SOUP: Rule = many(
  any(
    commands,
    test,
    string,
    list,
    count,
    ...['{', '}', '(', ')', '[', ']', ',', ';', ':is', ': x', '"', 'text:', '.', '/*', '*/', '#', '\\', '1X', '99G'],
    octets(1, 8),
    repeated('{if true ', 60),
    repeated('not ', 60),
    repeated('(', 60),
    repeated('"x",', 90),
  ),
  0,
  12,
  maybe(blank),
)
