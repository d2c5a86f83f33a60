// SPDX-License-Identifier: Apache-2.0
/** How a connection to a next hop comes to nothing. RFC 3463 §3.5, §3.8; always "later". */

/** `setup`: we cannot begin, because of our own configuration. */
type FailureKind = 'connect' | 'timeout' | 'closed' | 'protocol' | 'tls' | 'aborted' | 'setup'

const STATUS: Readonly<Record<FailureKind, string>> = {
  connect: '4.4.1',
  timeout: '4.4.1',
  closed: '4.4.2',
  protocol: '4.4.2',
  tls: '4.7.5',
  aborted: '4.3.2',
  setup: '4.3.5',
}

export class ConnectionFailure extends Error {
  override readonly name = 'ConnectionFailure'
  readonly kind: FailureKind
  constructor(kind: FailureKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.kind = kind
  }
  get status(): string {
    return STATUS[this.kind]
  }
}
