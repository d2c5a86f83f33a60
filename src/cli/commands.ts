// SPDX-License-Identifier: Apache-2.0
/** Every command: its name, what it does, and the file it is in, loaded when it is called. */
import type { Define } from './cli.ts'

export interface CommandEntry {
  readonly name: string
  readonly group: string
  readonly summary: string
  load(): Promise<{ readonly define: Define }>
}

const SERVER = 'Server:'
const CONFIGURATION = 'Configuration:'
const MAIL = 'Mail:'
const DIRECTORY = 'Directory:'

export const COMMANDS: readonly CommandEntry[] = [
  { name: 'serve', group: SERVER, summary: 'run the server', load: () => import('./serve.ts') },
  {
    name: 'reload',
    group: SERVER,
    summary: 'have the server take the configuration anew',
    load: () => import('./reload.ts'),
  },
  { name: 'status', group: SERVER, summary: 'say what the server is doing', load: () => import('./status.ts') },
  {
    name: 'doctor',
    group: SERVER,
    summary: 'look for what is wrong with this installation',
    load: () => import('./doctor.ts'),
  },
  {
    name: 'demo',
    group: SERVER,
    summary: 'run a whole site on loopback and send mail through it',
    load: () => import('./demo.ts'),
  },
  { name: 'init', group: CONFIGURATION, summary: 'write a first, safe configuration', load: () => import('./init.ts') },
  {
    name: 'check',
    group: CONFIGURATION,
    summary: 'say everything that is wrong with the configuration',
    load: () => import('./check.ts'),
  },
  {
    name: 'config',
    group: CONFIGURATION,
    summary: 'show the configuration with every default',
    load: () => import('./config.ts'),
  },
  {
    name: 'schema',
    group: CONFIGURATION,
    summary: 'print the schema of postern.yaml, for editors',
    load: () => import('./schema.ts'),
  },
  {
    name: 'table',
    group: CONFIGURATION,
    summary: 'look at mapping tables, and ask one',
    load: () => import('./table.ts'),
  },
  {
    name: 'test',
    group: CONFIGURATION,
    summary: 'run the policy tests of a configuration',
    load: () => import('./test.ts'),
  },
  {
    name: 'audit',
    group: CONFIGURATION,
    summary: 'prove that strangers cannot relay, or show how they can',
    load: () => import('./audit.ts'),
  },
  {
    name: 'filter',
    group: MAIL,
    summary: 'try filter scripts, and change the rules of a user',
    load: () => import('./filter.ts'),
  },
  {
    name: 'template',
    group: MAIL,
    summary: 'filter templates: check them, fill them in',
    load: () => import('./template.ts'),
  },
  { name: 'queue', group: MAIL, summary: 'look at queued mail, and act on it', load: () => import('./queue.ts') },
  { name: 'track', group: MAIL, summary: 'find messages of the past and present', load: () => import('./track.ts') },
  {
    name: 'explain',
    group: MAIL,
    summary: 'tell why a message came to what it came to',
    load: () => import('./explain.ts'),
  },
  {
    name: 'dnsbl',
    group: MAIL,
    summary: 'ask DNS lists about an address, and whether they are well',
    load: () => import('./dnsbl.ts'),
  },
  { name: 'tail', group: MAIL, summary: 'follow what happens', load: () => import('./tail.ts') },
  { name: 'user', group: DIRECTORY, summary: 'users of the embedded directory', load: () => import('./user.ts') },
  { name: 'domain', group: DIRECTORY, summary: 'domains of the embedded directory', load: () => import('./domain.ts') },
  { name: 'alias', group: DIRECTORY, summary: 'aliases of the embedded directory', load: () => import('./alias.ts') },
]
