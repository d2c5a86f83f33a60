// SPDX-License-Identifier: Apache-2.0
/**
 * Maildir mailboxes: written to tmp/, synced, linked into new/, the folder synced; a reader sees a whole message or
 * none. Line ends become LF, as Maildir readers on UNIX expect and write themselves. Subaddresses go to the Maildir++
 * folder of that name where it exists. Quotas are not kept.
 */
import { randomBytes } from 'node:crypto'
import { access, type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { domainOf, localPartOf } from '../address/address.ts'
import type { ChannelConfigOf } from '../config/schema-channels.ts'
import type { Recipient } from '../envelope/envelope.ts'
import type { Outcome } from '../envelope/outcome.ts'
import { field } from '../mime/fields.ts'
import type { ChannelDeps } from './deps.ts'
import type { Delivery, Destination } from './destination.ts'

export function createMaildir(config: ChannelConfigOf<'maildir'>, deps: ChannelDeps): Destination {
  async function deliverTo(recipient: Recipient, delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    const user = safePart(localPartOf(recipient.address))
    const domain = safePart(domainOf(recipient.address))
    if (user === undefined || domain === undefined)
      return { kind: 'failed', status: '5.1.3', reason: 'address that cannot name a mailbox' }
    const box = join(deps.mailboxes, config.path.replaceAll('{domain}', domain).replaceAll('{user}', user))
    try {
      const folder = await folderOf(box, recipient, config)
      const name = `${Math.trunc(deps.clock.now() / 1000)}.${delivery.envelope.id}_${randomBytes(6).toString('hex')}.${deps.hostname}`
      await makeMaildir(folder)
      const tmp = join(folder, 'tmp', name)
      try {
        await writeSynced(tmp, delivery, recipient, signal)
        await rename(tmp, join(folder, 'new', name))
      } catch (error) {
        await rm(tmp, { force: true })
        throw error
      }
      await syncFolder(join(folder, 'new'))
      return { kind: 'delivered', where: join(folder, 'new', name).slice(deps.mailboxes.length + 1) }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      const full = code === 'ENOSPC' || code === 'EDQUOT'
      return {
        kind: 'deferred',
        status: full ? '4.2.2' : '4.3.0',
        reason: error instanceof Error ? error.message : String(error),
      }
    }
  }

  return {
    destinationKey: () => '',
    async deliver(delivery, { signal }) {
      const outcomes: Outcome[] = []
      for (const recipient of delivery.recipients) outcomes.push(await deliverTo(recipient, delivery, signal))
      return outcomes
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** A part of an address as one path component; `undefined` for what would be something else. */
function safePart(text: string): string | undefined {
  const part = text.toLowerCase()
  return part === '' || part.startsWith('.') || /[/\0]/.test(part) || Buffer.byteLength(part) > 200 ? undefined : part
}

/** Maildir++: folder `lists` of the box is `.lists`; dots separate levels. */
async function folderOf(
  box: string,
  { detail }: Recipient,
  { subaddressFolders, createFolders }: ChannelConfigOf<'maildir'>,
): Promise<string> {
  const name = detail?.split('.').every((level) => safePart(level) !== undefined) === true ? detail : undefined
  if (!subaddressFolders || name === undefined) return box
  const folder = join(box, `.${name}`)
  if (createFolders) return folder
  return await access(folder).then(
    () => folder,
    () => box,
  )
}

async function makeMaildir(folder: string): Promise<void> {
  for (const part of ['tmp', 'new', 'cur']) await mkdir(join(folder, part), { recursive: true, mode: 0o700 })
}

async function writeSynced(path: string, delivery: Delivery, recipient: Recipient, signal: AbortSignal): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    const sender = recipient.sender ?? delivery.envelope.reversePath
    // RFC 5321 §4.4: the final system keeps the reverse path in the message.
    const head = `Return-Path: <${sender ?? ''}>\r\n${field('Delivered-To', recipient.address)}`
    await file.write(Buffer.from(head.replaceAll('\r\n', '\n')))
    await writeWithLf(file, delivery.content(), signal)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** CRLF becomes LF; a CR alone stays. */
async function writeWithLf(file: FileHandle, content: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  let heldCr = false
  for await (const piece of content) {
    signal.throwIfAborted()
    const text: string = `${heldCr ? '\r' : ''}${Buffer.from(piece).toString('latin1')}`
    heldCr = text.endsWith('\r')
    const whole = heldCr ? text.slice(0, -1) : text
    await file.write(Buffer.from(whole.replaceAll('\r\n', '\n'), 'latin1'))
  }
  if (heldCr) await file.write('\r')
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
