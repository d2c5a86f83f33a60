// SPDX-License-Identifier: Apache-2.0
/** What the status attributes of users and domains mean here: inetUserStatus, mailUserStatus, and those of domains. */
import type { UserStatus } from '../snapshot.ts'

const STATUS: Readonly<Record<string, UserStatus>> = {
  active: 'active',
  // Signing in and mail are refused for now.
  inactive: 'suspended',
  hold: 'suspended',
  defer: 'suspended',
  overquota: 'suspended',
  disabled: 'disabled',
  deleted: 'disabled',
  removed: 'disabled',
  unused: 'disabled',
}

/** What we do not understand is temporary. @param value absent: active */
export const statusOf = (value: string | undefined): UserStatus => {
  const key = value?.trim().toLowerCase() ?? 'active'
  return Object.hasOwn(STATUS, key) ? (STATUS[key] ?? 'suspended') : 'suspended'
}

export const worst = (...all: readonly UserStatus[]): UserStatus =>
  all.find((status) => status === 'disabled') ?? all.find((status) => status === 'suspended') ?? 'active'
