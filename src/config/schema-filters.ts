// SPDX-License-Identifier: Apache-2.0
/** `filters`, and the keywords of channels about them (spec filters.md 1, 2 and 6). */
import { z } from 'zod'
import { parsePattern } from './filter-pattern.ts'
import { rule, size } from './units.ts'

/** Octets of a message that filters can be given: they stand in memory for each message being decided. */
const MAX_CONTENT = 67_108_864
/** The language's own bound (sieve/limits.ts) for a run of one script. */
const MAX_PIECES = 1000

const count = (byDefault: number, least = 0) => z.int().min(least).max(MAX_PIECES).default(byDefault)

const limits = z
  .strictObject({
    fileintos: count(10).describe('`fileinto` in one run of a user’s script (max_fileintos).'),
    redirects: count(5).describe('`redirect` in one run of a user’s script (max_forwards).'),
    systemRedirects: count(32).describe('`redirect` in one run of a script of a domain, a channel or the MTA.'),
    listEntries: count(64, 1).describe('Strings in one list of a script (max_list_size).'),
    vacations: count(2).describe('`vacation` in one run (max_vacations); 0: `require "vacation"` fails.'),
    notifies: count(5).describe('`notify` in one run (max_notifys).'),
    variables: count(128, 1).describe('Variables of one script (max_variables).'),
    headerEdits: count(50).describe('Header edits in one run (max_addheaders).'),
    tags: count(50).describe('`addtag` in one run (max_addtags).'),
    steps: z
      .int()
      .min(1000)
      .max(10_000_000)
      .default(100_000)
      .describe('Tests, commands and comparisons in one run; long comparisons count for more than one.'),
    scriptSize: size('256KiB').describe('Octets of a user’s script.'),
  })
  .describe('Bounds on scripts. One more than a limit is an error of that script.')

const list = z
  .strictObject({
    file: z
      .string()
      .optional()
      .describe(
        'A file with one value a line, relative to this directory; `#` begins a comment. `redirect :list` takes such alone.',
      ),
    mapping: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/)
      .optional()
      .describe('A mapping table: a value is in the list where a row takes it and says `$Y`.'),
  })
  .refine(
    ({ file, mapping }) => (file === undefined) !== (mapping === undefined),
    rule('bad-value', 'expected either file or mapping'),
  )

export const filterSettings = z
  .strictObject({
    mta: z
      .string()
      .default('filters/mta.sieve')
      .describe(
        'The MTA-wide script, relative to this directory; under its usual name it may be missing (imta.filter).',
      ),
    global: z
      .string()
      .default('filters/global')
      .describe(
        'Folder of scripts that others include with `include :global "NAME"`: NAME.sieve, relative to this directory; under its usual name it may be missing.',
      ),
    lists: z
      .record(z.string().min(1).max(500), list)
      .default({})
      .describe(
        'Lists that scripts ask about with `:list`, by the names that stand in scripts (`tag:example.org,2026:partners`).',
      ),
    literalFinish: z
      .boolean()
      .default(false)
      .describe(
        'A script that decides ends everything: system scripts behind it have no say at all. Otherwise they still run, and `jettison`, `refuse` and `hold` in them count.',
      ),
    body: z
      .boolean()
      .default(true)
      .describe('Scripts may look at bodies; false makes `require "body"` fail (enable_sieve_body).'),
    content: size('8MiB')
      .refine((octets) => octets <= MAX_CONTENT, rule('bad-size', 'expected at most 64MiB'))
      .describe('Octets of a message, from its beginning, that scripts see; `size` knows of all of them.'),
    memory: size('64MiB').describe(
      'Octets of messages, as far as scripts see them, that one process has in memory at one time; `postern_filter_content_octets` says how many there are. Further messages wait, 30 s at most, and are put off with 451 then. A script that looks into the body takes up to four times the octets of its message besides. At least as large as `content`.',
    ),
    discard: z
      .string()
      .default('bitbucket')
      .describe(
        'The channel that gets what `discard` throws away: of the kind bitbucket, or hold to keep it a while (filter_discard).',
      ),
    jettison: z.string().default('bitbucket').describe('The same for `jettison` (filter_jettison).'),
    limits: limits.prefault({}),
  })
  .refine(({ content, memory }) => memory >= content, {
    ...rule('bad-size', 'expected at least as much as `content`'),
    path: ['memory'],
  })
  .describe('Filters: Sieve scripts of users, channels and the whole MTA.')

export type FilterSettings = z.output<typeof filterSettings>

const pattern = (keyword: 'filter' | 'fileinto') =>
  z
    .string()
    .min(1)
    .refine(
      (text) => !('problem' in parsePattern(text, keyword)),
      rule(
        'filter-pattern',
        keyword === 'filter'
          ? 'expected a path with $A $D $H $L $U $~ or $$ in it'
          : 'expected an address with $A $D $H $L $S $U or $$ in it',
      ),
    )
    .optional()

export const sourceFilters = {
  sourceFilter: z
    .string()
    .optional()
    .describe('A script for mail that comes in through this channel, relative to this directory (sourcefilter).'),
}

export const destinationFilters = {
  destinationFilter: z
    .string()
    .optional()
    .describe(
      'A script for mail that goes out through this channel, relative to this directory (destinationfilter); without it `filters/channel-NAME.sieve`, if there is one.',
    ),
  channelFilter: z.string().optional().describe('Another name of `destinationFilter` (channelfilter).'),
  filter: pattern('filter').describe(
    'File of each recipient’s own script: `$A` stands for the address, `$D` its domain, `$H` its host, `$L` the local part, `$U` the user, `$~` the home folder (filter). Where the file exists, scripts of the directory do not count.',
  ),
  fileinto: pattern('fileinto').describe(
    'The address that a message goes to when a script files it: `$S` stands for the folder, the others as in `filter`; usually `$U+$S@$D` (fileinto). A source route in front, as in `@$4O:$U+$S@$D` of LMTP channels, is taken off: the channel knows the host. Without it the address stays.',
  ),
}
