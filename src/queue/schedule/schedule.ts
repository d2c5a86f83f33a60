// SPDX-License-Identifier: Apache-2.0
/**
 * What is to be delivered next. Work waits in a lane for each destination; lanes with work that is due take turns
 * within their channel, by rank (slots.ts); channels take turns too. Nothing here waits, sends or reads a clock: the
 * time is a parameter, monotonic milliseconds. Every call costs O(log n) in the number of messages, `wake` as many times
 * as its budget says; nothing ever looks at all messages.
 *
 * While a destination is down its messages grow older all the same (ages.ts): one whose time is over is returned
 * without a slot. Nobody is returned untried, unless the destination has been tried by this process and is down.
 */
import type { ChannelName } from '../../envelope/channel-name.ts'
import type { MessageId } from '../../envelope/message-id.ts'
import { type AgeEvent, Ages, type Lifetimes } from './ages.ts'
import { Heap, type HeapOrder } from './heap.ts'
import { Ring } from './ring.ts'
import { type DestinationSlots, RANKS, type Rank, type Sign } from './slots.ts'
import { type Channel, type Lane, type Order, Work } from './work.ts'

/** A destination that another process has filled is looked at again after this. */
const LOOK_AGAIN_MS = 1000

export interface ScheduleOptions {
  readonly slots: DestinationSlots
  readonly lifetimes: () => Lifetimes
}

export class Schedule {
  readonly #slots: DestinationSlots
  readonly #ages: Ages
  readonly #channels = new Map<ChannelName, Channel>()
  /** Heads of the lists of each message's work, started work included. */
  readonly #byMessage = new Map<MessageId, Work>()
  /** Lanes with nothing due yet, or closed. */
  readonly #timers: Heap<Lane>
  readonly #byDue: HeapOrder<Work>
  /** What has come of age and is to be taken: those whose time is over before those who wait on. */
  readonly #expired = new Ring<Work>()
  readonly #delayed = new Ring<Work>()
  /** Lanes that went down with overdue work in them. */
  readonly #down = new Ring<Lane>()
  #underWay = 0
  #steps = 0

  constructor({ slots, lifetimes }: ScheduleOptions) {
    this.#slots = slots
    const step = (): void => {
      this.#steps++
    }
    this.#ages = new Ages(lifetimes, step)
    this.#byDue = {
      before: (a, b) => {
        step()
        return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.id < b.id)
      },
      moved: (work, position) => {
        work.duePosition = position
      },
    }
    this.#timers = new Heap({
      before: (a, b) => {
        step()
        return a.timerAt < b.timerAt
      },
      moved: (lane, position) => {
        lane.timerPosition = position
      },
    })
  }

  /** Messages with work, that under way included. */
  get messages(): number {
    return this.#byMessage.size
  }

  /** Deliveries that hold a slot. */
  get underWay(): number {
    return this.#underWay
  }

  /** Comparisons and turns so far: what was done, in numbers that do not depend on the machine. */
  get steps(): number {
    return this.#steps
  }

  has(id: MessageId): boolean {
    return this.#byMessage.has(id)
  }

  place(order: Order): void {
    const lane = this.#laneOf(order.channel, order.key)
    const work = new Work(order, lane)
    work.next = this.#byMessage.get(order.id)
    this.#byMessage.set(order.id, work)
    lane.due.push(work)
    this.#ages.add(work)
    this.#enlist(lane)
  }

  /** Takes back what waits for these recipients; what is under way stays. */
  withdraw(id: MessageId, recipients: ReadonlySet<number>): void {
    for (let work = this.#byMessage.get(id); work !== undefined; work = work.next) {
      if (work.state !== 'waiting' && work.state !== 'aged') continue
      const left = work.recipients.filter((index) => !recipients.has(index))
      if (left.length === work.recipients.length) continue
      work.recipients = left
      if (left.length > 0) continue
      this.#takeOut(work)
      this.#enlist(work.lane)
      this.#end(work)
    }
  }

  /** Moves at most `budget` lanes and messages whose time has come. True when there is more to move. */
  wake(now: number, budget: number): boolean {
    let left = budget
    for (; left > 0; left--) {
      const lane = this.#timers.peek()
      if (lane === undefined || lane.timerAt > now) break
      this.#timers.pop()
      lane.at = 'nowhere'
      this.#line(lane, now)
    }
    for (; left > 0; left--) {
      const lane = this.#down.shift()
      if (lane === undefined) break
      const work = lane.down ? lane.overdue.pop() : undefined
      if (work === undefined) continue
      this.#down.push(lane)
      if (work.state === 'waiting') this.#expire(work)
    }
    for (; left > 0; left--) {
      const event = this.#ages.pop(now)
      if (event === undefined) break
      const { work, what } = event
      if (what === 'delayed') this.#delayed.push(work)
      else if (work.tried || work.lane.down) this.#expire(work)
      else this.#overdue(work)
    }
    return left === 0
  }

  /** The next delivery that may begin. Whoever takes one calls `done` with it. */
  take(now: number): Work | undefined {
    for (const channel of this.#channels.values()) {
      const work = this.#nextOf(channel, now)
      if (work === undefined) continue
      // Channels take turns as well.
      if (this.#channels.size > 1) {
        this.#channels.delete(channel.name)
        this.#channels.set(channel.name, channel)
      }
      return work
    }
    return undefined
  }

  /** The same for one message, out of turn. */
  takeOf(id: MessageId, now: number): Work | undefined {
    for (let work = this.#byMessage.get(id); work !== undefined; work = work.next) {
      if (work.state !== 'waiting' || work.dueAt > now) continue
      const started = this.#start(work, now)
      if (started === undefined) continue
      this.#enlist(work.lane)
      return started
    }
    return undefined
  }

  /**
   * The next that has come of age. Expired work is out of the schedule, to be returned; whoever takes it calls `settled`.
   * Delayed work waits on.
   */
  takeAged(): AgeEvent | undefined {
    for (let work = this.#expired.shift(); work !== undefined; work = this.#expired.shift())
      if (work.state === 'aged') return { work, what: 'expired' }
    for (let work = this.#delayed.shift(); work !== undefined; work = this.#delayed.shift())
      if (work.state === 'waiting') return { work, what: 'delayed' }
    return undefined
  }

  /** Expired work has been returned, or it failed to be. */
  settled(work: Work): void {
    this.#end(work)
  }

  /** A delivery has ended. `why`: what a failed one said. */
  done(work: Work, sign: Sign, now: number, why = ''): void {
    this.free(work, sign, now, why)
    this.#end(work)
  }

  /** Its attempt is over and another may have its slot, while what came of it is written down; `done` still follows. */
  free(work: Work, sign: Sign, now: number, why = ''): void {
    const { lane, slot } = work
    if (slot === undefined) return
    work.slot = undefined
    this.#underWay--
    lane.underWay--
    const down = this.#slots.release(slot, sign, now)
    if (sign === 'alive') lane.down = false
    if (sign === 'down') {
      lane.down = down
      lane.why = why
      if (down && lane.overdue.length > 0) this.#down.push(lane)
    }
    if (lane.at === 'parked') this.#line(lane, now)
    else this.#enlist(lane)
  }

  /** An operator wants it tried now: forgets that it was down. */
  reopen(channel: ChannelName, key: string): void {
    this.#slots.reopen(channel, key)
    const lane = this.#channels.get(channel)?.lanes.get(key)
    if (lane === undefined) return
    lane.down = false
    this.#enlist(lane)
  }

  /** Its slots have changed elsewhere: whether it may go on is asked anew. */
  look(channel: ChannelName, key: string, now: number): void {
    const lane = this.#channels.get(channel)?.lanes.get(key)
    if (lane === undefined || lane.at === 'row' || lane.at === 'nowhere') return
    if (lane.at === 'timer') this.#timers.remove(lane.timerPosition)
    this.#line(lane, now)
  }

  /** The time at which there is something to do next; when all that is due waits for a delivery to end, later than now. */
  nextAt(): number {
    return Math.min(this.#timers.peek()?.timerAt ?? Number.POSITIVE_INFINITY, this.#ages.nextAt())
  }

  #nextOf(channel: Channel, now: number): Work | undefined {
    for (let i = 0; i < RANKS.length; i++) {
      const rank = RANKS[(channel.turn + i) % RANKS.length]
      if (rank === undefined) continue
      const row = channel.rows[rank]
      while (row.size > 0 && this.#slots.room(channel.name, rank)) {
        this.#steps++
        const { size } = row
        // So that somebody new does not wait behind everybody who is silent; half the turns are the oldest's.
        if (rank === 'unknown') channel.newest = !channel.newest
        const lane = rank === 'unknown' && channel.newest ? row.pop() : row.shift()
        if (lane === undefined) break
        lane.at = 'nowhere'
        const work = lane.due.peek()
        const started = work !== undefined && work.dueAt <= now ? this.#start(work, now, rank) : undefined
        // Its standing may have changed meanwhile; then it goes where it belongs.
        this.#line(lane, now)
        if (started === undefined && row.size < size) continue
        if (started === undefined) break
        channel.turn = RANKS.indexOf(rank) + 1
        return started
      }
    }
    return undefined
  }

  /** @param rank begins it only at this standing */
  #start(work: Work, now: number, rank?: Rank): Work | undefined {
    const { lane } = work
    const { channel, key } = lane
    const standing = this.#slots.standing(channel.name, key, now)
    if (standing.may !== 'begin' || (rank !== undefined && standing.rank !== rank)) return undefined
    const slot = this.#slots.claim(channel.name, key, now)
    if (slot === undefined) return undefined
    this.#takeOut(work)
    work.state = 'started'
    work.slot = slot
    lane.underWay++
    this.#underWay++
    return work
  }

  /** Its time is over, and it has not been tried. It keeps its place. */
  #overdue(work: Work): void {
    const { lane } = work
    lane.overdue.push(work)
    if (lane.overdue.length > 2 * lane.due.size + 16)
      lane.overdue = lane.overdue.filter(({ state }) => state === 'waiting')
  }

  #expire(work: Work): void {
    this.#takeOut(work)
    this.#enlist(work.lane)
    work.state = 'aged'
    this.#expired.push(work)
  }

  /** Out of all orders; its message still knows of it. */
  #takeOut(work: Work): void {
    const { lane } = work
    if (work.duePosition !== -1) lane.due.remove(work.duePosition)
    this.#ages.remove(work)
  }

  #end(work: Work): void {
    work.state = 'gone'
    const head = this.#byMessage.get(work.id)
    if (head === work) {
      if (work.next === undefined) this.#byMessage.delete(work.id)
      else this.#byMessage.set(work.id, work.next)
    } else {
      let before = head
      while (before !== undefined && before.next !== work) before = before.next
      if (before !== undefined) before.next = work.next
    }
    this.#prune(work.lane)
  }

  /** Has something due: takes its place in the row of its rank, or waits for what it waits for. */
  #line(lane: Lane, now: number): void {
    this.#steps++
    lane.at = 'nowhere'
    const work = lane.due.peek()
    if (work === undefined || work.dueAt > now) {
      this.#enlist(lane)
      return
    }
    const standing = this.#slots.standing(lane.channel.name, lane.key, now)
    if (standing.may === 'not-before') this.#timer(lane, standing.at)
    else if (standing.may === 'begin') {
      lane.at = 'row'
      lane.channel.rows[standing.rank].push(lane)
    } else if (lane.underWay > 0) lane.at = 'parked'
    else this.#timer(lane, now + LOOK_AGAIN_MS)
  }

  /** Wakes the lane when its first work is due; whether it is open is asked then. */
  #enlist(lane: Lane): void {
    if (lane.at === 'row' || lane.at === 'parked') return
    const work = lane.due.peek()
    if (work !== undefined) this.#timer(lane, work.dueAt)
    else {
      if (lane.at === 'timer') this.#timers.remove(lane.timerPosition)
      lane.at = 'nowhere'
      this.#prune(lane)
    }
  }

  #timer(lane: Lane, at: number): void {
    lane.timerAt = at
    if (lane.at === 'timer') this.#timers.changed(lane.timerPosition)
    else {
      lane.at = 'timer'
      this.#timers.push(lane)
    }
  }

  #prune(lane: Lane): void {
    if (
      lane.at === 'nowhere' &&
      lane.underWay === 0 &&
      lane.due.size === 0 &&
      lane.channel.lanes.get(lane.key) === lane
    )
      lane.channel.lanes.delete(lane.key)
  }

  #laneOf(name: ChannelName, key: string): Lane {
    const channel = this.#channels.get(name) ?? newChannel(name)
    this.#channels.set(name, channel)
    const known = channel.lanes.get(key)
    if (known !== undefined) return known
    const lane: Lane = {
      channel,
      key,
      due: new Heap(this.#byDue),
      at: 'nowhere',
      timerAt: 0,
      timerPosition: -1,
      underWay: 0,
      down: false,
      why: '',
      overdue: [],
    }
    channel.lanes.set(key, lane)
    return lane
  }
}

const newChannel = (name: ChannelName): Channel => ({
  name,
  lanes: new Map(),
  rows: { first: new Ring(), more: new Ring(), unknown: new Ring(), suspect: new Ring() },
  turn: 0,
  newest: true,
})
