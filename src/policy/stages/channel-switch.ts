// SPDX-License-Identifier: Apache-2.0
/** STARTTLS and sign-in move a session to the channel its own channel names (spec access-control.md 6.2). */
import type { ChannelName } from '../../envelope/channel-name.ts'
import { channelConfig } from '../channels.ts'
import type { SessionContext, Stage } from '../stage.ts'

function switchBy(keyword: 'tlsSwitchChannel' | 'saslSwitchChannel', because: (context: SessionContext) => string) {
  return function* (context: SessionContext) {
    const { revision, source } = context
    const channel = channelConfig(revision, source)
    const target = keyword in channel ? channel[keyword as keyof typeof channel] : undefined
    const by = revision.where('channels', source, keyword)
    if (typeof target !== 'string')
      return { verdict: { do: 'pass' as const }, by, note: `${source} stays: ${because(context)}` }
    return {
      verdict: { do: 'pass' as const },
      by,
      context: { ...context, source: target as ChannelName },
      note: `${source} → ${target}: ${because(context)}`,
    }
  }
}

export const tlsSwitch: Stage<SessionContext> = {
  name: 'TLS switch',
  decides: 'the channel of a session under TLS',
  reference: 'spec access-control.md 6.2, tlsswitchchannel',
  run: switchBy('tlsSwitchChannel', () => 'the session is under TLS'),
}

export const saslSwitch: Stage<SessionContext> = {
  name: 'sign-in switch',
  decides: 'the channel of a signed-in session',
  reference: 'spec access-control.md 6.2, saslswitchchannel',
  run: switchBy('saslSwitchChannel', (context) => `signed in as ${context.account?.login ?? 'nobody'}`),
}
