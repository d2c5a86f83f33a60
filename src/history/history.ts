// SPDX-License-Identifier: Apache-2.0
/** The history as the command line uses it. */
export type { TrackQuery, TrackRow } from './query.ts'
export { type HistoryReader, openHistory } from './reader.ts'
export { decidedBy, describeDecidedBy, renderLadder } from './render.ts'
