// SPDX-License-Identifier: Apache-2.0
/** LHLO, RFC 2033 §4.1: as EHLO, for LMTP. */
export { ehlo as lhlo } from './ehlo.ts'
