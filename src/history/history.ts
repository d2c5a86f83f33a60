// SPDX-License-Identifier: Apache-2.0
/** The history as the command line uses it. */
export { type HistoryReader, openHistory } from './reader.ts'
export { describeDecidedBy, renderLadder } from './render.ts'
