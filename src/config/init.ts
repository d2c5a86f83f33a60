// SPDX-License-Identifier: Apache-2.0
/** The first configuration: safe as it stands (nobody relays), small enough to read. Never overwrites a file. */
import { mkdir, open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isHostname } from './names.ts'
import { STOCK_TABLES } from './stock-tables.ts'

/** A name for the greeting when the machine's own is no fully qualified one; RFC 2606 §3. */
const EXAMPLE_HOSTNAME = 'mail.example.org'

export type InitResult =
  | {
      readonly kind: 'written'
      readonly files: readonly string[]
      readonly hostname: string
      readonly isExample: boolean
    }
  | { readonly kind: 'exists'; readonly file: string }

/** @param hostname the machine's name; taken when it is a fully qualified one */
export async function initDirectory(directory: string, hostname: string): Promise<InitResult> {
  const root = resolve(directory)
  const isExample = !isHostname(hostname) || !hostname.includes('.')
  const name = isExample ? EXAMPLE_HOSTNAME : hostname.toLowerCase()
  await mkdir(root, { recursive: true })
  const files = [
    { file: join(root, 'postern.yaml'), text: firstConfig(name, isExample) },
    { file: join(root, 'aliases'), text: FIRST_ALIASES },
    { file: join(root, 'mappings'), text: STOCK_TABLES },
  ]
  for (const { file } of files) {
    // Looked at first, so that a refusal leaves nothing behind; `wx` below is what guards against a race.
    const there = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (there === undefined) continue
    await there.close()
    return { kind: 'exists', file }
  }
  for (const { file, text } of files) {
    await using handle = await open(file, 'wx', 0o644)
    await handle.writeFile(text)
  }
  return { kind: 'written', files: files.map(({ file }) => file), hostname: name, isExample }
}

const firstConfig = (hostname: string, isExample: boolean): string => `\
# Postern. \`postern check\` reads this file and says what is wrong with it; \`postern schema --markdown\` lists every
# setting; \`postern config --effective\` shows the whole configuration with every default. Folders and files are
# relative to the folder this file lies in.

server:
  # The name this server greets with. It should have an A or AAAA record, and the address a PTR record back.
  hostname: ${hostname}${isExample ? ' # change this' : ''}

listeners:
  # Mail from other systems. Port 25 needs root, or the capability CAP_NET_BIND_SERVICE.
  mx: { service: smtp, port: 25 }
  # Mail from users, who sign in. Passwords are sent in the clear only under TLS, so set \`tls\` first.
  # submission: { service: submission, port: 587 }
  # submissions: { service: submissions, port: 465 }

# The server's certificate with its chain, and its key. With it STARTTLS is offered.
# tls:
#   certificate: tls/fullchain.pem
#   key: tls/key.pem

# Machines whose mail is relayed anywhere without sign-in are named in the table INTERNAL_IP of the file \`mappings\`
# beside this one. Only this machine is, until you name others.

# Domains, users and aliases of your own are kept in the directory:
#   postern domain add example.org
#   postern user add kim@example.org
# and in the alias file beside this one. Mail of users is kept in Maildirs below \`mailboxes\`. To hand it to
# Dovecot or another message store over LMTP instead:
# channels:
#   ims-ms: { kind: lmtp, socket: /run/dovecot/lmtp }

# Users make filters from templates: \`postern template list\` shows those that come with Postern; yours go into the
# folder \`templates\` beside this file.

# Mail to all other domains goes where their MX records say. To send it through a smart host instead:
# routes:
#   - { domain: '*', channel: tcp_local, via: 'smtp.example.net:587' }
`

const FIRST_ALIASES = `\
# Aliases: one a line, the name, a colon, and where its mail goes. Continue a line by starting the next with a blank.
# Names without a domain count for every domain of this server. \`postern check\` reads this file too.
#
# root: kim
# sales: kim, robin@example.net
`
