// SPDX-License-Identifier: Apache-2.0
/** The channel a session starts on, by the service of its listener, where the listener names none. */
export const START_CHANNEL = {
  smtp: 'tcp_local',
  submission: 'tcp_submit',
  submissions: 'tcp_submit',
  lmtp: 'tcp_lmtpss',
} as const

export const isService = (text: string): text is keyof typeof START_CHANNEL => Object.hasOwn(START_CHANNEL, text)
