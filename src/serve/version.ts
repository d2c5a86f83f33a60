// SPDX-License-Identifier: Apache-2.0
/** The program's version, as logs, `status` and the evidence of crashes name it. */
export const VERSION = '0.1.0'
