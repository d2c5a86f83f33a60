// SPDX-License-Identifier: Apache-2.0
/** Every command: where RFC 5804 says what it does, who may give it, and what stands behind its name. */
import type { Command } from './arguments.ts'
import { authenticate, unauthenticate } from './authenticate.ts'
import { capability } from './capability.ts'
import { deleteScript, renameScript, setActive } from './change.ts'
import { checkScript, haveSpace, putScript } from './put.ts'
import { getScript, listScripts } from './read.ts'
import { logout, noop, startTls } from './session-commands.ts'

export const COMMANDS = {
  AUTHENTICATE: { rfc: 'RFC 5804 §2.1', needs: 'no account', takes: ['string', 'string?'], run: authenticate },
  STARTTLS: { rfc: 'RFC 5804 §2.2', needs: 'no account', takes: [], run: startTls },
  LOGOUT: { rfc: 'RFC 5804 §2.3', needs: 'nothing', takes: [], run: logout },
  CAPABILITY: { rfc: 'RFC 5804 §2.4', needs: 'nothing', takes: [], run: capability },
  HAVESPACE: { rfc: 'RFC 5804 §2.5', needs: 'account', takes: ['string', 'number'], run: haveSpace },
  PUTSCRIPT: { rfc: 'RFC 5804 §2.6', needs: 'account', takes: ['string', 'string'], run: putScript },
  LISTSCRIPTS: { rfc: 'RFC 5804 §2.7', needs: 'account', takes: [], run: listScripts },
  SETACTIVE: { rfc: 'RFC 5804 §2.8', needs: 'account', takes: ['string'], run: setActive },
  GETSCRIPT: { rfc: 'RFC 5804 §2.9', needs: 'account', takes: ['string'], run: getScript },
  DELETESCRIPT: { rfc: 'RFC 5804 §2.10', needs: 'account', takes: ['string'], run: deleteScript },
  RENAMESCRIPT: { rfc: 'RFC 5804 §2.11', needs: 'account', takes: ['string', 'string'], run: renameScript },
  CHECKSCRIPT: { rfc: 'RFC 5804 §2.12', needs: 'account', takes: ['string'], run: checkScript },
  NOOP: { rfc: 'RFC 5804 §2.13', needs: 'nothing', takes: ['string?'], run: noop },
  UNAUTHENTICATE: { rfc: 'RFC 5804 §2.14', needs: 'account', takes: [], run: unauthenticate },
} as const satisfies Record<string, Command>

export type CommandName = keyof typeof COMMANDS

export const isCommand = (name: string): name is CommandName => Object.hasOwn(COMMANDS, name)
