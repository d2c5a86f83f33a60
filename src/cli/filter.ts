// SPDX-License-Identifier: Apache-2.0
/** `postern filter …`: checks, runs and traces scripts without sending mail; shows and changes the rules of a user. */
import type { Command } from 'commander'
import { type Cli, type Define, examples } from './cli.ts'
import type { RunOptions } from './filter-script.ts'

export const define: Define = (command, cli) => {
  command.addHelpText(
    'after',
    examples('filter check vacation.sieve', 'filter trace mine.sieve message.eml', 'filter list kim@example.org'),
  )
  defineCheck(command, cli)
  defineRun(command, cli)
  defineTrace(command, cli)
  defineList(command, cli)
  defineGet(command, cli)
  definePut(command, cli)
  defineActivate(command, cli)
  defineDelete(command, cli)
  defineOrder(command, cli)
}

const LEVELS = 'whose script it is: user, domain or system'

function defineCheck(parent: Command, cli: Cli): void {
  parent
    .command('check')
    .summary('say everything that is wrong with scripts')
    .description(
      'Say everything that is wrong with scripts, and what looks wrong. `-` reads standard input. Needs no configuration; where there is one, its limits hold.',
    )
    .argument('<SCRIPT...>', 'files')
    .option('--level <LEVEL>', LEVELS, 'user')
    .addHelpText('after', examples('filter check mine.sieve', 'filter check --level system filters/mta.sieve'))
    .action(async (files: string[], { level }: { level: string }) => {
      const { checkScripts } = await import('./filter-script.ts')
      await checkScripts(cli, files, level)
    })
}

/** Of `run` and `trace`, which differ in what they print. */
const withRun = (command: Command): Command =>
  command
    .argument('<SCRIPT>', 'the script; - is standard input')
    .argument('<MESSAGE>', 'the message, as a file; - is standard input')
    .option('--from <ADDRESS>', 'the sender of the envelope, <> for none; not known when not given')
    .option('--to <ADDRESS>', 'the recipient of the envelope; not known when not given')
    .option('--owner <ADDRESS...>', 'whose script it is, with every address of theirs; default: --to')
    .option('--mailbox <NAME...>', 'mailboxes there are beside INBOX')
    .option('--include <DIR>', 'folder of scripts that it may include, as NAME.sieve')
    .option('--spam <POINTS>', 'what the spam check gave, 0 to 10')
    .option('--now <TIME>', 'another time than now, such as 2026-12-24T18:00:00Z')
    .option('--level <LEVEL>', LEVELS, 'user')

function defineRun(parent: Command, cli: Cli): void {
  withRun(parent.command('run'))
    .summary('run a script on a message, and say what it would do')
    .description(
      'Run a script on a message, and say what it would do. Nothing is done. Needs no configuration; where there is one, its limits, global scripts and lists are there.',
    )
    .addHelpText(
      'after',
      examples(
        'filter run mine.sieve message.eml --from lee@example.net --to kim@example.org',
        'filter run mine.sieve message.eml --json',
      ),
    )
    .action(async (script: string, message: string, options: RunOptions) => {
      const { runScript } = await import('./filter-script.ts')
      await runScript(cli, script, message, options, { trace: false })
    })
}

function defineTrace(parent: Command, cli: Cli): void {
  withRun(parent.command('trace'))
    .summary('run a script on a message, and show every test')
    .description('Run a script on a message, and show every test with its line, what it looked at, and its result.')
    .addHelpText('after', examples('filter trace mine.sieve message.eml', 'filter trace mine.sieve - < message.eml'))
    .action(async (script: string, message: string, options: RunOptions) => {
      const { runScript } = await import('./filter-script.ts')
      await runScript(cli, script, message, options, { trace: true })
    })
}

function defineList(parent: Command, cli: Cli): void {
  parent
    .command('list')
    .summary('list the rules of a user')
    .description('List the rules of a user, in the order they run; those that are off at the end.')
    .argument('<ADDRESS>', 'the user')
    .addHelpText('after', examples('filter list kim@example.org'))
    .action(async (address: string) => {
      const { listRules } = await import('./filter-rules.ts')
      await listRules(cli, address)
    })
}

function defineGet(parent: Command, cli: Cli): void {
  parent
    .command('get')
    .summary('print a rule of a user')
    .description('Print a rule of a user.')
    .argument('<ADDRESS>', 'the user')
    .argument('<NAME>', 'the rule')
    .option('--stored', 'as it is stored, with the comments that hold its name, its order and what was filled in')
    .addHelpText(
      'after',
      examples('filter get kim@example.org "The cooks"', 'filter get kim@example.org away --stored'),
    )
    .action(async (address: string, name: string, { stored }: { stored?: true }) => {
      const { getRule } = await import('./filter-rules.ts')
      await getRule(cli, address, name, stored === true)
    })
}

function definePut(parent: Command, cli: Cli): void {
  parent
    .command('put')
    .summary('add a rule of a user, or write it anew')
    .description('Add a rule of a user, or write it anew: from a file, standard input, or a template. A new one is on.')
    .argument('<ADDRESS>', 'the user')
    .argument('<NAME>', 'the rule')
    .argument('[FILE]', 'the script; standard input when it is missing')
    .option('--template <NAME>', 'make it of a template')
    .option('--set <FIELD=ANSWER...>', 'what is filled in; the same field again adds to a list')
    .addHelpText(
      'after',
      examples(
        'filter put kim@example.org "The cooks" cooks.sieve',
        'filter put kim@example.org spam --template block-sender --set who=lee@example.net',
      ),
    )
    .action(
      async (
        address: string,
        name: string,
        file: string | undefined,
        options: { template?: string; set?: string[] },
      ) => {
        const { put } = await import('./filter-rules.ts')
        await put(cli, address, name, file, options)
      },
    )
}

function defineActivate(parent: Command, cli: Cli): void {
  parent
    .command('activate')
    .summary('turn a rule of a user on, or off')
    .description('Turn a rule of a user on, behind those that have a number; with --off, off.')
    .argument('<ADDRESS>', 'the user')
    .argument('<NAME>', 'the rule')
    .option('--only', 'and turn off every other rule that was not made of a template')
    .option('--off', 'turn it off')
    .addHelpText(
      'after',
      examples('filter activate kim@example.org away', 'filter activate kim@example.org away --off'),
    )
    .action(async (address: string, name: string, options: { only?: true; off?: true }) => {
      const { activate } = await import('./filter-rules.ts')
      await activate(cli, address, name, options)
    })
}

function defineDelete(parent: Command, cli: Cli): void {
  parent
    .command('delete')
    .summary('delete a rule of a user')
    .description('Delete a rule of a user.')
    .argument('<ADDRESS>', 'the user')
    .argument('<NAME>', 'the rule')
    .addHelpText('after', examples('filter delete kim@example.org away'))
    .action(async (address: string, name: string) => {
      const { remove } = await import('./filter-rules.ts')
      await remove(cli, address, name)
    })
}

function defineOrder(parent: Command, cli: Cli): void {
  parent
    .command('order')
    .summary('say which rules of a user run first')
    .description('Say which rules of a user run first. They are on then; the others that are on follow as before.')
    .argument('<ADDRESS>', 'the user')
    .argument('<NAME...>', 'the rules')
    .addHelpText('after', examples('filter order kim@example.org spam "The cooks" away'))
    .action(async (address: string, names: string[]) => {
      const { order } = await import('./filter-rules.ts')
      await order(cli, address, names)
    })
}
