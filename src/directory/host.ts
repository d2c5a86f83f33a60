// SPDX-License-Identifier: Apache-2.0
/** Answers the directory's questions of ask/questions.ts. */
import type { Host } from '../ask/ask.ts'
import type { Directory } from './directory.ts'

export type DirectoryHost = Pick<
  Host,
  | 'directory.domain'
  | 'directory.address'
  | 'directory.attribute'
  | 'directory.password'
  | 'directory.scram'
  | 'directory.filters'
>

export const directoryAnswers = (directory: Directory): DirectoryHost => ({
  'directory.domain': ({ domain }) => directory.domain(domain),
  'directory.address': ({ address, mailbox }) => directory.address(address, { mailbox: mailbox === true }),
  'directory.attribute': ({ domain, attribute }) => directory.attribute(domain, attribute),
  'directory.password': ({ login, password }) => directory.password(login, password),
  'directory.scram': ({ login }) => directory.scram(login),
  'directory.filters': ({ user, domain }) => directory.filters(user, domain),
})
