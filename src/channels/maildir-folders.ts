// SPDX-License-Identifier: Apache-2.0
/**
 * Where the folders of a Maildir are: Maildir++, as Dovecot has it. Attributes (RFC 6154) are the site's to say, in
 * Dovecot's configuration as in ours; an object identifier is the one that Dovecot keeps in `dovecot-uidlist`.
 */
import { constants } from 'node:fs'
import { access, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { domainOf, localPartOf, type MailAddress } from '../address/address.ts'
import type { ChannelConfigOf } from '../config/schema-channels.ts'
import type { Recipient } from '../envelope/envelope.ts'

/** The Maildir of an address. @param path setting `path` of the channel */
export function mailboxPath(mailboxes: string, path: string, address: MailAddress): string | undefined {
  const user = safePart(localPartOf(address))
  const domain = safePart(domainOf(address))
  if (user === undefined || domain === undefined) return undefined
  return join(mailboxes, path.replaceAll('{domain}', domain).replaceAll('{user}', user))
}

/** A part of an address as one path component; `undefined` for what would be something else. */
function safePart(text: string): string | undefined {
  const part = text.toLowerCase()
  return part === '' || part.startsWith('.') || /[/\0]/.test(part) || Buffer.byteLength(part) > 200 ? undefined : part
}

/**
 * The folder of a mailbox as scripts name it, levels parted by `/` or `.`: Maildir++, other characters than ASCII in
 * modified UTF-7 (RFC 3501 §5.1.3), as Dovecot has them. `undefined` for what is no name of one.
 */
export function mailboxFolder(box: string, mailbox: string): string | undefined {
  if (mailbox.toUpperCase() === 'INBOX') return box
  const levels = mailbox.replace(/^INBOX[/.]/i, '').split(/[/.]/)
  const fine = levels.every((level) => level !== '' && !/[\0-\x1f\x7f~]/.test(level))
  const name = `.${levels.map(modifiedUtf7).join('.')}`
  return fine && name.length <= MAX_FOLDER ? join(box, name) : undefined
}

/** A file name has 255 octets on most systems. */
const MAX_FOLDER = 240

const modifiedUtf7 = (text: string): string =>
  text.toWellFormed().replace(/&|[^\x20-\x7e]+/gu, (run) => {
    if (run === '&') return '&-'
    return `&${Buffer.from(run, 'utf16le').swap16().toString('base64').replace(/=+$/, '').replaceAll('/', ',')}-`
  })

/** The folder that the site has for this attribute (`\Junk`, in any case), where it exists. */
export async function specialFolder(
  box: string,
  attribute: string,
  { specialUse }: Pick<ChannelConfigOf<'maildir'>, 'specialUse'>,
): Promise<{ readonly mailbox: string; readonly folder: string } | undefined> {
  const wanted = attribute.toLowerCase()
  const mailbox = Object.entries(specialUse).find(([known]) => known.toLowerCase() === wanted)?.[1]
  const folder = mailbox === undefined ? undefined : mailboxFolder(box, mailbox)
  if (mailbox === undefined || folder === undefined || !(await isThere(folder))) return undefined
  return { mailbox, folder }
}

/** Folders of one Maildir that are looked at. */
const MAX_FOLDERS = 1000

/** The folder whose identifier in Dovecot's list is this one: RFC 9042; compared octet by octet. */
export async function folderWithId(
  box: string,
  id: string,
): Promise<{ readonly mailbox: string; readonly folder: string } | undefined> {
  if (!/^[0-9a-f]{32}$/.test(id)) return undefined
  const names = await readdir(box).catch(() => [])
  const folders = names.filter((name) => name.startsWith('.') && name !== '.' && name !== '..').slice(0, MAX_FOLDERS)
  for (const name of ['', ...folders]) {
    const folder = join(box, name)
    if ((await identifierOf(folder)) === id) return { mailbox: name === '' ? 'INBOX' : name.slice(1), folder }
  }
  return undefined
}

/** The first line of Dovecot's list: `3 V1795534245 N2 G5054b431a5ad056bbd64000083ecc375`. */
async function identifierOf(folder: string): Promise<string | undefined> {
  try {
    const file = await open(join(folder, 'dovecot-uidlist'), constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0)
      const [line = ''] = buffer.toString('latin1', 0, bytesRead).split('\n')
      return /^3 (?:.* )?G([0-9a-f]{32})(?: |$)/.exec(line)?.[1]
    } finally {
      await file.close()
    }
  } catch {
    // Without Dovecot a folder has none.
    return undefined
  }
}

export const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** Maildir++: folder `lists` of the box is `.lists`; dots separate levels. */
export async function folderOf(
  box: string,
  { detail, copy }: Recipient,
  config: ChannelConfigOf<'maildir'>,
): Promise<string> {
  const { subaddressFolders, createFolders } = config
  if (copy?.mailbox !== undefined) {
    const elsewhere =
      copy.mailboxId !== undefined
        ? await folderWithId(box, copy.mailboxId)
        : copy.specialUse !== undefined
          ? await specialFolder(box, copy.specialUse, config)
          : undefined
    if (elsewhere !== undefined) return elsewhere.folder
    const filed = mailboxFolder(box, copy.mailbox)
    if (filed === undefined) return box
    if (copy.create === true || createFolders) return filed
    // Where the mailbox is gone meanwhile, mail goes to the inbox rather than nowhere.
    return (await isThere(filed)) ? filed : box
  }
  const name = detail?.split('.').every((level) => safePart(level) !== undefined) === true ? detail : undefined
  if (!subaddressFolders || name === undefined) return box
  const folder = join(box, `.${name}`)
  if (createFolders) return folder
  return (await isThere(folder)) ? folder : box
}

/** Names made or changed in it are on the disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
