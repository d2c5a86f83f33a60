// SPDX-License-Identifier: Apache-2.0
/** The store under its former name, until its users say openLogStore. */
export { openLogStore as openFileStore } from './log/log-store.ts'
