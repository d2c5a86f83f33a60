// SPDX-License-Identifier: Apache-2.0
/** A message to more recipients than its source channel sends on unseen is accepted, and kept for an operator. */
import { channelBound } from '../channel-limits.ts'
import type { ContentContext, Stage } from '../stage.ts'

export const holdLimit: Stage<ContentContext> = {
  name: 'hold limit',
  decides: 'is the message for so many that somebody should look at it first',
  reference: 'spec access-control.md 8, holdlimit',
  judge(context) {
    const { max, by, passes } = channelBound(context, 'holdLimit')
    if (context.acceptedCommands <= max) return passes
    const note = `${context.acceptedCommands} recipients`
    return { verdict: { do: 'hold', reason: `${note}, more than ${max}` }, by, note }
  },
}
