// SPDX-License-Identifier: Apache-2.0
/** The destinations of a revision, one for each channel. At a reload channels that did not change keep their sessions. */
import { isDeepStrictEqual } from 'node:util'
import type { Revision } from '../config/revision.ts'
import type { ChannelConfig } from '../config/schema-channels.ts'
import type { ChannelName } from '../envelope/channel-name.ts'
import { createBitbucket } from './bitbucket.ts'
import type { ChannelDeps } from './deps.ts'
import type { Destination } from './destination.ts'
import { createHold } from './hold.ts'
import { createLmtp } from './lmtp.ts'
import { createLocal } from './local.ts'
import { createMaildir } from './maildir.ts'
import { createPipe } from './pipe.ts'
import { createTcp } from './tcp.ts'

/** Everything a destination is made of: the channel's own settings, and what it takes from others. */
interface Settings {
  readonly config: ChannelConfig
  /** Of channel `l`: what stands between a user and a subaddress. */
  readonly subaddress: string
}

export class Destinations implements AsyncDisposable {
  readonly #deps: ChannelDeps
  #built: ReadonlyMap<ChannelName, { readonly settings: Settings; readonly destination: Destination }> = new Map()
  #current: ReadonlyMap<ChannelName, Destination> = new Map()

  constructor(deps: ChannelDeps) {
    this.#deps = deps
  }

  /** Builds what is new or changed, and lets go of what is gone; deliveries under way finish. */
  use(revision: Revision): void {
    const before = this.#built
    this.#built = new Map(
      Object.entries(revision.config.channels).map(([key, config]) => {
        const name = key as ChannelName
        const old = before.get(name)
        const settings = { config, subaddress: config.kind === 'lmtp' ? subaddressOf(revision) : '' }
        return [
          name,
          old !== undefined && isDeepStrictEqual(old.settings, settings)
            ? old
            : { settings, destination: create(settings, { ...this.#deps, channel: name }) },
        ]
      }),
    )
    this.#current = new Map([...this.#built].map(([name, { destination }]) => [name, destination]))
    const kept = new Set(this.#current.values())
    for (const [channel, { destination }] of before) {
      if (kept.has(destination)) continue
      Promise.resolve(destination[Symbol.asyncDispose]()).catch((err: unknown) => {
        this.#deps.log.error('channel.dispose-failed', { channel, err })
      })
    }
  }

  /** Asked for each delivery. The same map until the next `use`. */
  current(): ReadonlyMap<ChannelName, Destination> {
    return this.#current
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#built.values()].map(({ destination }) => destination[Symbol.asyncDispose]()))
  }
}

function subaddressOf({ config }: Revision): string {
  const local = config.channels['l']
  return local?.kind === 'local' ? local.subaddress : ''
}

function create({ config, subaddress }: Settings, deps: ChannelDeps): Destination {
  switch (config.kind) {
    case 'tcp':
      return createTcp(config, deps)
    case 'lmtp':
      return createLmtp(config, deps, subaddress)
    case 'maildir':
      return createMaildir(config, deps)
    case 'local':
      return createLocal(deps)
    case 'pipe':
      return createPipe(config, deps)
    case 'hold':
      return createHold()
    case 'bitbucket':
      return createBitbucket()
    default:
      return config satisfies never
  }
}
