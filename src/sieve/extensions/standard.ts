// SPDX-License-Identifier: Apache-2.0
/** The extensions that come with the language. A host adds its own, or leaves some out. */
import type { SieveExtension } from '../plugin.ts'
import { BODY_EXTENSION } from './body.ts'
import { COMPARATOR_EXTENSIONS, ENCODED_CHARACTER } from './comparators.ts'
import { CORE } from './core/index.ts'
import { DATE_EXTENSION, INDEX } from './date.ts'
import { DUPLICATE_EXTENSION } from './duplicate.ts'
import { EDITHEADER } from './editheader.ts'
import { ENOTIFY } from './enotify.ts'
import { ENVELOPE_DELIVERBY, ENVELOPE_DSN, ENVELOPE_EXTENSION } from './envelope.ts'
import { ENVIRONMENT_EXTENSION } from './environment.ts'
import { EXTLISTS } from './extlists.ts'
import { FCC, FCC_TAGS } from './fcc.ts'
import { COPY, FILEINTO_EXTENSION } from './fileinto.ts'
import { IHAVE_EXTENSION } from './ihave.ts'
import { IMAP4FLAGS } from './imap4flags.ts'
import { INCLUDE_EXTENSION } from './include.ts'
import { MAILBOX, MAILBOXID, MBOXMETADATA, SERVERMETADATA, SPECIAL_USE } from './mailbox.ts'
import { MAILTO } from './mailto.ts'
import { ENCLOSE_EXTENSION, EXTRACTTEXT_EXTENSION, FOREVERYPART_EXTENSION, MIME, REPLACE_EXTENSION } from './mime.ts'
import { OLD_NOTIFY } from './notify.ts'
import { REDIRECT_DELIVERBY, REDIRECT_DSN } from './redirect-options.ts'
import { REGEX_EXTENSION } from './regex.ts'
import { EREJECT, REJECT } from './reject.ts'
import { RELATIONAL } from './relational.ts'
import { SPAMTEST_EXTENSIONS } from './spamtest.ts'
import { SUBADDRESS } from './subaddress.ts'
import { VACATION_EXTENSION, VACATION_SECONDS } from './vacation.ts'
import { VARIABLES } from './variables.ts'

/** An extension whose tags also say how a copy of what is sent is kept (RFC 8580 §3.2). */
const withFcc = (extension: SieveExtension): SieveExtension => {
  const tag = FCC_TAGS[extension.name]
  return tag === undefined ? extension : { ...extension, tags: [...(extension.tags ?? []), tag] }
}

export const STANDARD_EXTENSIONS: readonly SieveExtension[] = [
  CORE,
  FILEINTO_EXTENSION,
  ENVELOPE_EXTENSION,
  ENCODED_CHARACTER,
  ...COMPARATOR_EXTENSIONS,
  VARIABLES,
  IMAP4FLAGS,
  VACATION_EXTENSION,
  COPY,
  RELATIONAL,
  SUBADDRESS,
  REJECT,
  EREJECT,
  BODY_EXTENSION,
  DATE_EXTENSION,
  INDEX,
  MAILBOX,
  MBOXMETADATA,
  SERVERMETADATA,
  IHAVE_EXTENSION,
  ENVIRONMENT_EXTENSION,
  INCLUDE_EXTENSION,
  EDITHEADER,
  { ...ENOTIFY, notifyMethods: [MAILTO] },
  OLD_NOTIFY,
  DUPLICATE_EXTENSION,
  REGEX_EXTENSION,
  ...SPAMTEST_EXTENSIONS,
  FOREVERYPART_EXTENSION,
  MIME,
  EXTRACTTEXT_EXTENSION,
  REPLACE_EXTENSION,
  ENCLOSE_EXTENSION,
  VACATION_SECONDS,
  SPECIAL_USE,
  FCC,
  MAILBOXID,
  EXTLISTS,
  ENVELOPE_DSN,
  REDIRECT_DSN,
  ENVELOPE_DELIVERBY,
  REDIRECT_DELIVERBY,
].map(withFcc)
