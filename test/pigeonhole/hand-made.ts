// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Sieve
/**
 * Scripts written by hand, for actions and for what goes wrong; and tests that the two answer differently on purpose:
 * each is a line of docs/quirks/sieve-and-pigeonhole.md.
 */

/** On the message `plain`. */
export const SCRIPTS: readonly { readonly name: string; readonly script: string }[] = [
  { name: 'an empty script', script: '' },
  { name: 'keep', script: 'keep;' },
  { name: 'keep twice', script: 'keep; keep;' },
  { name: 'discard', script: 'discard;' },
  { name: 'keep beats discard', script: 'discard; keep;' },
  { name: 'stop', script: 'stop; discard;' },
  { name: 'fileinto', script: 'require "fileinto"; fileinto "A.b";' },
  { name: 'fileinto twice', script: 'require "fileinto"; fileinto "A"; fileinto "A";' },
  { name: 'fileinto two', script: 'require "fileinto"; fileinto "A"; fileinto "B";' },
  { name: 'fileinto beyond ASCII', script: 'require "fileinto"; fileinto "Größe";' },
  { name: 'fileinto a copy', script: 'require ["fileinto", "copy"]; fileinto :copy "A";' },
  { name: 'fileinto created', script: 'require ["fileinto", "mailbox"]; fileinto :create "A";' },
  { name: 'fileinto and keep', script: 'require "fileinto"; fileinto "A"; keep;' },
  { name: 'redirect', script: 'redirect "x@example.net";' },
  { name: 'redirect to <>', script: 'redirect "<x@example.net>";' },
  { name: 'redirect twice to one', script: 'redirect "x@example.net"; redirect "x@example.net";' },
  { name: 'redirect to two', script: 'redirect "x@example.net"; redirect "y@example.net";' },
  { name: 'redirect a copy', script: 'require "copy"; redirect :copy "x@example.net";' },
  { name: 'redirect to no address', script: 'redirect "x y";' },
  { name: 'redirect to a variable', script: 'require "variables"; set "a" "x@example.net"; redirect "${a}";' },
  { name: 'redirect to no address, found out late', script: 'require "variables"; set "a" "x y"; redirect "${a}";' },
  { name: 'reject', script: 'require "reject"; reject "no";' },
  { name: 'reject and keep', script: 'require "reject"; keep; reject "no";' },
  { name: 'reject twice', script: 'require "reject"; reject "no"; reject "never";' },
  { name: 'reject and vacation', script: 'require ["reject", "vacation"]; vacation "gone"; reject "no";' },
  {
    name: 'flags kept',
    script: 'require "imap4flags"; setflag "\\\\Seen"; addflag ["a", "b c"]; removeflag "b"; keep;',
  },
  { name: 'flags of the implicit keep', script: 'require "imap4flags"; addflag ["\\\\Flagged", "x"];' },
  { name: 'flags of one keep', script: 'require "imap4flags"; addflag "x"; keep :flags "y";' },
  {
    name: 'flags no system has',
    script: 'require "imap4flags"; addflag ["\\\\Seen", "\\\\Nonsense", "\\\\Recent"]; keep;',
  },
  {
    name: 'flags of fileinto',
    script: 'require ["imap4flags", "fileinto"]; setflag "q"; fileinto :flags ["w", "w"] "A";',
  },
  { name: 'flags in any case', script: 'require "imap4flags"; setflag "\\\\SEEN"; addflag "\\\\seen"; keep;' },
  {
    name: 'flags of a variable',
    script: 'require ["imap4flags", "variables"]; setflag "v" ["a", "b"]; removeflag "v" "a"; keep :flags "${v}";',
  },
  { name: 'hasflag', script: 'require ["imap4flags", "fileinto"]; setflag "a b"; if hasflag "A" { fileinto "has"; }' },
  { name: 'vacation', script: 'require "vacation"; vacation :addresses "lee@example.org" "gone";' },
  {
    name: 'vacation with a subject',
    script: 'require "vacation"; vacation :days 3 :subject "Away" :addresses "lee@example.org" "gone";',
  },
  {
    name: 'vacation in seconds',
    script: 'require "vacation-seconds"; vacation :seconds 3600 :subject "A" :addresses "lee@example.org" "gone";',
  },
  { name: 'vacation twice', script: 'require "vacation"; vacation "a"; vacation "b";' },
  {
    name: 'elsif',
    script: 'require "fileinto"; if false { fileinto "A"; } elsif true { fileinto "B"; } else { fileinto "C"; }',
  },
  { name: 'else alone', script: 'else { keep; }' },
  { name: 'unknown command', script: 'nothing;' },
  { name: 'unknown test', script: 'if nothing { keep; }' },
  { name: 'unknown extension', script: 'require "nothing"; keep;' },
  { name: 'no require', script: 'fileinto "A";' },
  { name: 'require behind a command', script: 'keep; require "fileinto";' },
  { name: 'no semicolon', script: 'keep' },
  { name: 'no brace', script: 'if true { keep;' },
  { name: 'a tag behind an argument', script: 'if header "Subject" :is "x" { keep; }' },
  { name: 'two match types', script: 'if header :is :contains "Subject" "x" { keep; }' },
  { name: 'no such tag', script: 'if header :nothing "Subject" "x" { keep; }' },
  { name: 'a string where a number belongs', script: 'if size :over "1" { keep; }' },
  { name: 'too few arguments', script: 'if header "Subject" { keep; }' },
  { name: 'too many arguments', script: 'keep "x";' },
  { name: 'a comparator nobody knows', script: 'if header :comparator "i;none" "Subject" "x" { keep; }' },
  {
    name: ':contains with numbers',
    script:
      'require "comparator-i;ascii-numeric"; if header :contains :comparator "i;ascii-numeric" "X-Priority" "3" { keep; }',
  },
  { name: 'address of a field without addresses', script: 'if address "Subject" "x" { keep; }' },
  { name: 'a name that is none of a field', script: 'if header "Sub ject" "x" { keep; }' },
  { name: 'an empty list', script: 'if header [] "x" { keep; }' },
  { name: 'comments', script: '# one\n/* two\n*/ keep; # three' },
  { name: 'a text', script: 'require "fileinto"; fileinto text:\nA\n.\n;' },
  {
    name: 'variables',
    script:
      'require ["variables", "fileinto"]; set :upperfirst :lower "a" "MIXED"; set :length "n" "${a}x"; fileinto "${a}${n}${unknown}$${";',
  },
  {
    name: 'quoted wildcards',
    script: 'require ["variables", "fileinto"]; set :quotewildcard "a" "a*b?"; fileinto "${a}";',
  },
  {
    name: 'match variables',
    script: 'require ["variables", "fileinto"]; if header :matches "Subject" "* on *" { fileinto "${2} ${1}"; }',
  },
  { name: 'a variable that is a number', script: 'require "variables"; set "1" "x";' },
  {
    name: 'characters by number',
    script: 'require ["encoded-character", "fileinto"]; fileinto "a${hex:24 42}${unicode:20AC}";',
  },
  {
    name: 'a header added',
    script:
      'require ["editheader", "fileinto"]; addheader "X-New" "one"; if header "X-New" "one" { fileinto "added"; }',
  },
  {
    name: 'a header deleted',
    script:
      'require ["editheader", "fileinto"]; deleteheader "Subject"; if not exists "Subject" { fileinto "deleted"; }',
  },
  {
    name: 'a header deleted by its value',
    script:
      'require ["editheader", "fileinto"]; deleteheader :contains "X-Priority" "9"; if exists "X-Priority" { fileinto "there"; }',
  },
  {
    name: 'headers added in front and at the end',
    script:
      'require ["editheader", "index", "fileinto"]; addheader :last "X-Priority" "9"; addheader "X-Priority" "1"; if header :index 3 "X-Priority" "9" { fileinto "end"; }',
  },
  { name: 'ihave', script: 'require ["ihave", "fileinto"]; if ihave "fileinto" { fileinto "has"; } else { discard; }' },
  {
    name: 'ihave nothing',
    script: 'require ["ihave", "fileinto"]; if ihave "nothing" { nonsense; } else { fileinto "not"; }',
  },
  { name: 'error', script: 'require ["ihave", "fileinto"]; fileinto "A"; error "stop here";' },
  { name: 'environment', script: 'require ["environment", "fileinto"]; if environment "nothing" "" { fileinto "A"; }' },
  { name: 'mailboxexists', script: 'require ["mailbox", "fileinto"]; if mailboxexists "INBOX" { fileinto "A"; }' },
  {
    name: 'currentdate',
    script: 'require ["date", "relational", "fileinto"]; if currentdate :value "ge" "year" "2020" { fileinto "A"; }',
  },
]

export interface Difference {
  /** The line of docs/quirks/sieve-and-pigeonhole.md. */
  readonly quirk: string
  /** On the message `strange`. */
  readonly tests?: readonly { readonly test: string; readonly ours: boolean }[]
  /** Names of scripts. */
  readonly scripts?: readonly string[]
}

export const DIFFERENCES: readonly Difference[] = [
  {
    quirk: 'The test `string` compares with `i;ascii-casemap` (RFC 5229 §5); theirs with `i;octet`.',
    tests: [{ test: 'string "abc" "ABC"', ours: true }],
  },
  {
    quirk: '`:matches` knows what `*` and `?` side by side match; theirs misses `*??*` for two characters.',
    tests: [
      { test: 'header :matches "X-Short" "*??*"', ours: true },
      { test: 'header :matches "X-Short" "?x*4"', ours: false },
    ],
  },
  {
    quirk:
      '`i;ascii-casemap` folds to capitals (RFC 4790 §9.2), which orders `[`, `_` and others behind letters; theirs to small ones.',
    tests: [{ test: 'string :value "gt" :comparator "i;ascii-casemap" "[" "b"', ours: true }],
  },
  {
    quirk: '`:count` with `:index` counts the one field; theirs counts none.',
    tests: [{ test: 'header :index 1 :count "eq" :comparator "i;ascii-numeric" "Subject" "1"', ours: true }],
  },
  {
    quirk: '`date` with `:index` beyond the last field is false; theirs looks at a field all the same.',
    tests: [{ test: 'date :index 2 :originalzone "Date" "year" "2026"', ours: false }],
  },
  {
    quirk: '`:count` of `:detail` counts addresses that have one; theirs all.',
    tests: [{ test: 'address :detail :count "eq" :comparator "i;ascii-numeric" "From" "0"', ours: true }],
  },
  {
    quirk: 'Raw octets in a header that are no UTF-8 are read as Latin-1; theirs match nothing.',
    tests: [{ test: 'header "Subject" "Grüße"', ours: true }],
  },
  {
    quirk: '`body :raw` of octets that are no UTF-8 is read as Latin-1; theirs compares octets.',
    tests: [{ test: 'body :raw :contains "Grüße"', ours: true }],
  },
  {
    quirk: 'An encoded word of a charset nobody knows stays as it stands; theirs is decoded to something else.',
    tests: [{ test: 'header "X-Unknown" "=?x-none?q?abc?="', ours: true }],
  },
  {
    quirk: 'Unfolding takes the line end away and leaves the tab (RFC 5322 §2.2.3); theirs makes it a space.',
    tests: [{ test: 'header "X-Fold" "one\ttwo"', ours: true }],
  },
  {
    quirk: 'A text without an address in a field of addresses is no address; theirs makes one of it.',
    tests: [{ test: 'address :count "eq" :comparator "i;ascii-numeric" "Cc" "0"', ours: true }],
  },
  {
    quirk: 'A source route before an address is left out; theirs misses such addresses.',
    tests: [{ test: 'address :localpart "To" "routed"', ours: true }],
  },
  {
    quirk: 'Quotes of a local part are not a part of it, with `:all` neither; theirs writes them.',
    tests: [{ test: 'address "From" "odd local@example.org"', ours: true }],
  },
  {
    quirk: 'Two vacations are taken, each with its own memory (the limit is two); theirs is an error.',
    scripts: ['vacation twice'],
  },
  {
    quirk: 'A mailbox name with a line end is an error of the script; theirs takes it.',
    scripts: ['a text'],
  },
]
