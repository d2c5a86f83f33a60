// SPDX-License-Identifier: Apache-2.0
/**
 * Takes an action into the list of a run: limits, conflicts and duplicates, by the definitions of the actions. An action
 * of a script that ran earlier cannot be undone, so a conflict with it drops the new one with a warning.
 */
import type { Action, NewAction } from '../action.ts'
import { limitCode } from '../limits.ts'
import type { Args } from '../plugin.ts'
import type { Registry } from '../registry.ts'
import type { RunContext } from '../run-context.ts'

export function takeAction(ctx: RunContext, registry: Registry, added: NewAction, args: Args): void {
  const def = registry.actions.get(added.kind)?.def
  if (def === undefined) throw new Error(`no extension defines the action ${added.kind}`)
  const action: Action = {
    kind: added.kind,
    args: added.args,
    def,
    message: def.unenclosed === true ? ctx.whole.unenclosed : ctx.whole,
    cancelsImplicitKeep: added.cancelsImplicitKeep ?? def.cancelsImplicitKeep,
    earlier: false,
    executed: false,
    ...args.place,
  }
  const previous = ctx.actions.all
  const taken = def.onAdd?.(action, previous, ctx) ?? { taken: 'add' }
  switch (taken.taken) {
    case 'error':
      ctx.fail(taken.code, taken.message, args)
      break
    case 'drop':
      if (taken.warning !== undefined) ctx.note('warning', 'action-dropped', taken.warning, args)
      return
    case 'merge':
      // The place in the list and in the script stays that of the first one.
      ctx.actions.replace(taken.into, {
        ...taken.into,
        args: taken.args,
        cancelsImplicitKeep: taken.into.cancelsImplicitKeep || action.cancelsImplicitKeep,
      })
      return
    case 'add':
      break
    default:
      taken satisfies never
  }
  const rival = previous.find(
    (other) => def.conflictsWith?.includes(other.kind) === true || other.def.conflictsWith?.includes(def.name) === true,
  )
  if (rival !== undefined) {
    if (!rival.earlier)
      ctx.fail('action-conflict', `${def.name} cannot stand beside ${rival.kind} of line ${rival.line}`, args)
    ctx.note('warning', 'action-dropped', `${def.name} is left out: ${rival.kind} was done by ${rival.script}`, args)
    return
  }
  checkLimits(ctx, action, args)
  ctx.actions.add(action)
  ctx.environment.trace?.({ step: 'action', name: def.name, ...args.place })
}

function checkLimits(ctx: RunContext, { def }: Action, args: Args): void {
  const own = ctx.actions.all.filter(({ earlier }) => !earlier)
  const { limit } = def
  if (limit !== undefined && own.filter(({ def: other }) => other.limit === limit).length >= ctx.limits[limit]) {
    const many = limit === 'vacations' ? 'Too many vacations specified' : `more than ${ctx.limits[limit]} ${limit}`
    ctx.fail(limitCode(limit), many, args)
  }
  const internal = def.internal === true
  const bound = internal ? 'internalActions' : 'actions'
  if (own.filter(({ def: other }) => (other.internal === true) === internal).length >= ctx.limits[bound])
    ctx.fail(limitCode(bound), `more than ${ctx.limits[bound]} actions`, args)
}
