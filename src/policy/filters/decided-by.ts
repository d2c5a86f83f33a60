// SPDX-License-Identifier: Apache-2.0
/** The line of a filter as the answer to "why". */
import type { DecidedBy } from '../../ask/decided-by.ts'
import type { Revision } from '../../config/revision.ts'
import type { SiteFilters } from '../../config/site-filters.ts'
import type { FilterPlace } from '../../envelope/filtered.ts'
import type { Walk } from './walk.ts'

/** With its place in the configuration, where it is a script of the site. */
export function filterDecided({ filters }: Revision, place: FilterPlace): DecidedBy {
  const { level, script, line, column, text = '' } = place
  const ofSite = filters !== undefined && siteNames(filters).has(script)
  return {
    by: 'filter',
    level,
    script,
    line,
    ...(text === '' ? {} : { text }),
    ...(ofSite ? { at: { file: script, line, column, text } } : {}),
  }
}

/** A script that failed and must not: what says so, and why. */
export const scriptFailed = ({
  script,
  cause,
}: NonNullable<Walk['failure']>): { readonly by: DecidedBy; readonly why: string } => ({
  by: { by: 'filter', level: script.level, script: script.name },
  why: `${script.name}: ${cause}`,
})

const siteNames = ({ mta, source, destination }: SiteFilters): ReadonlySet<string> =>
  new Set([...source.values(), ...destination.values(), ...(mta === undefined ? [] : [mta])].map(({ name }) => name))
