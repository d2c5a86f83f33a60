// SPDX-License-Identifier: Apache-2.0
/** `data:` URLs, RFC 2397: `data:[type][;base64],data`. The type is not looked at; the data is taken as UTF-8. */

/** `undefined` where it is not one, or its data cannot be decoded. */
export function decodeDataUrl(url: string): string | undefined {
  const m = /^data:([^,]*),(.*)$/is.exec(url)
  if (m === null) return undefined
  const [, head = '', data = ''] = m
  try {
    const text = decodeURIComponent(data)
    if (!/;base64$/i.test(head)) return text
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'base64'))
  } catch {
    return undefined
  }
}
