// SPDX-License-Identifier: Apache-2.0
/** Could this be asked for? RFC 1035 §2.3.4 sizes, RFC 1123 §2.1 letters, and the underscore that is in use. */
export const isName = (name: string): boolean =>
  name.length > 0 &&
  name.length <= 253 &&
  name.split('.').every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))
