// SPDX-License-Identifier: Apache-2.0
/** Which recipients of the queue a command is about: ids and conditions, all of which must hold. */
import type { Command } from 'commander'
import type { z } from 'zod'
import type { METHODS, Method } from '../control/protocol.ts'
import { parseMessageId } from '../envelope/message-id.ts'
import { UsageError } from './exit.ts'

export interface SelectionOptions {
  readonly all?: boolean
  readonly channel?: string
  readonly domain?: string
  readonly recipient?: string
  readonly sender?: string
  readonly state?: string
  readonly reason?: string
}

type SelectionInput = z.input<(typeof METHODS)[Extract<Method, 'queue.retry'>]>['selection']

export function addSelection(command: Command): Command {
  return command
    .argument('[ID...]', 'messages')
    .option('--channel <NAME>', 'queued to this channel')
    .option('--domain <NAME>', 'whose recipient is of this domain')
    .option('--recipient <ADDRESS>', 'for this recipient')
    .option('--sender <ADDRESS>', 'from this sender; <> for the null sender')
    .option('--state <STATE>', 'queued or held')
    .option('--reason <TEXT>', 'whose last reason contains this text')
}

/** `undefined` when nothing was named. @throws UsageError */
export function selectionOf(ids: readonly string[], options: SelectionOptions): SelectionInput | undefined {
  for (const id of ids) {
    if (parseMessageId(id) === undefined)
      throw new UsageError(`"${id}" is not the id of a message: seventeen letters and digits`)
  }
  const { state, sender } = options
  if (state !== undefined && state !== 'queued' && state !== 'held')
    throw new UsageError(`--state is queued or held, not "${state}"`)
  const selection: SelectionInput = {
    ...(options.all === true ? { all: true } : {}),
    ...(ids.length > 0 ? { ids: [...ids] } : {}),
    ...(options.channel === undefined ? {} : { channel: options.channel }),
    ...(options.domain === undefined ? {} : { domain: options.domain }),
    ...(options.recipient === undefined ? {} : { recipient: options.recipient }),
    ...(sender === undefined ? {} : { sender: sender === '<>' ? '' : sender }),
    ...(state === undefined ? {} : { state }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  }
  return Object.keys(selection).length === 0 ? undefined : selection
}

/** For commands that change something: nothing named is a mistake, not everything. @throws UsageError */
export function requireSelection(ids: readonly string[], options: SelectionOptions): SelectionInput {
  const selection = selectionOf(ids, options)
  if (selection === undefined) throw new UsageError('name messages or conditions, or say --all')
  if (options.all === true && Object.keys(selection).length > 1)
    throw new UsageError('--all goes with no id and no condition')
  return selection
}
