// SPDX-License-Identifier: Apache-2.0
/** What a template is made of. spec mapping-tables.md 4. */

export type Control = 'C' | 'L' | 'R'

/** `from` and `to`: where it stands in the template as written. */
export type TemplateNode = { readonly from: number; readonly to: number } & (
  | { readonly kind: 'text'; readonly text: string }
  /** `$0` to `$9`. */
  | { readonly kind: 'field'; readonly field: number }
  /** `$\`, `$^`, `$_`. */
  | { readonly kind: 'case'; readonly casing: 'lower' | 'upper' | 'own' }
  /** `$=`. */
  | { readonly kind: 'ldap-quote' }
  /** Any letter or sign that is nothing else, in upper case. */
  | { readonly kind: 'flag'; readonly flag: string }
  /** `$C $L $R`, and `$E` which cancels them. */
  | { readonly kind: 'control'; readonly control: Control | 'E' }
  /** `$:x`, `$;x`. */
  | { readonly kind: 'if-flag'; readonly flag: string; readonly set: boolean }
  | { readonly kind: LookupKind; readonly argument: readonly TemplateNode[] }
  /** Something that was reported at load and always fails. */
  | { readonly kind: 'broken'; readonly why: string }
)

/** Sequences with an argument. All of them can fail. */
export type LookupKind = 'chance' | 'sequence' | 'url' | 'table' | 'general' | 'domain' | 'call'

export interface Template {
  readonly nodes: readonly TemplateNode[]
  /** There are look-ups in it. */
  readonly looksUp: boolean
  /** Whenever the row matches, the operation ends there: nothing in the template can make it go on. */
  readonly alwaysEnds: boolean
  /** It may succeed and go on, with its output as the new string. */
  readonly mayRewrite: boolean
}

/** How each is written: the characters behind `$` and at the end. */
export const LOOKUP_SYNTAX: Readonly<Record<LookupKind, { readonly opens: string; readonly closes: string }>> = {
  chance: { opens: '?', closes: '?' },
  sequence: { opens: '#', closes: '#' },
  url: { opens: ']', closes: '[' },
  table: { opens: '|', closes: '|' },
  general: { opens: '{', closes: '}' },
  domain: { opens: '}', closes: '{' },
  call: { opens: '[', closes: ']' },
}
