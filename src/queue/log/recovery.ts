// SPDX-License-Identifier: Apache-2.0
/**
 * Reads a queue's directory, after any crash, and says what is in it and what is wrong with it. Begins at a checkpoint
 * where there is a good one. Removes and mends nothing: that is log-store.ts, and `postern queue verify` only looks.
 */
import { TERMINAL } from '../../envelope/ledger.ts'
import type { MessageId } from '../../envelope/message-id.ts'
import { type FileLayer, readSome, readWhole } from '../file-layer.ts'
import { addTotals, NO_TOTALS } from '../totals.ts'
import { decodeChange } from './change.ts'
import { readCheckpoint } from './checkpoint.ts'
import type { Folders } from './folders.ts'
import { type FoundRecord, scanGroups } from './group.ts'
import { type Kept, Messages } from './messages.ts'
import { segmentOf } from './position.ts'
import { HEADER_BYTES, readHeader, type SegmentHeader } from './segment-header.ts'
import { readSegmentName, type Segment, Segments, spanIn } from './segments.ts'

/** Something that is not as it was written. */
export interface Finding {
  readonly what: string
  /** `FOLDER/NAME`, with the octet where that is known. */
  readonly where: string
  readonly id?: MessageId
  /** What lies there, to be kept as evidence. */
  readonly bytes?: Uint8Array
}

export interface Recovered {
  readonly messages: Messages
  readonly segments: Segments
  /** Where the log ends. */
  readonly previous?: { readonly segment: number; readonly end: number }
  readonly sequence: number
  readonly findings: readonly Finding[]
  /** Messages that are named and cannot be had any more. */
  readonly lost: readonly MessageId[]
  /** Files of nobody, as `FOLDER/NAME`. */
  readonly leftovers: readonly string[]
  /** Files that cannot be read as what they are named. */
  readonly unreadable: readonly string[]
  /** Octets behind the end of the log, of a write that was cut short. */
  readonly cut: number
  /** The last segment, where nothing was cut off: it may be written on. */
  readonly open?: Segment
  readonly fromCheckpoint: boolean
}

interface LogFile {
  readonly header: SegmentHeader
  readonly path: string
  /** Where a later header says that it ends. */
  end?: number
}

/** @throws UnknownFormat; another error when the disk fails */
export async function recover(
  files: FileLayer,
  folders: Folders,
  { checkpoint: wanted = true }: { readonly checkpoint?: boolean } = {},
): Promise<Recovered> {
  const findings: Finding[] = []
  const there = await look(files, folders, findings)
  const { logs, voids } = chain(there.logs)
  const last = logs.at(-1)
  // What is read from now on must not be lost later: it may so far be in memory only.
  if (last !== undefined) await syncFile(files, folders.path(last.path))

  const { segments } = there
  for (const { header, path, end } of logs)
    segments.add({ number: header.number, kind: 'log', path, salt: saltOf(header), end: end ?? HEADER_BYTES })

  const checkpoint = wanted ? await readCheckpoint(files, folders.root) : undefined
  const start = checkpoint === undefined ? -1 : startIn(logs, checkpoint.at)
  const messages = checkpoint !== undefined && start !== -1 ? checkpoint.messages : new Messages()
  const begun = checkpoint !== undefined && start !== -1 ? checkpoint.at : undefined
  let sequence = begun?.sequence ?? logs[0]?.header.sequence ?? 1
  let cut = 0
  for (const log of start === -1 ? logs : logs.slice(start)) {
    const { header } = log
    const from = header.number === begun?.segment ? begun.end : undefined
    if (from === undefined) {
      const successor = header.previous !== undefined && segments.get(header.previous.segment) !== undefined
      if (successor && findings.length === 0 && !sameTotals(messages, header))
        findings.push({ what: 'the totals are not those that the segment before led to', where: log.path })
      messages.totals = addTotals(NO_TOTALS, header.totals)
      sequence = header.sequence
    }
    const segment = segments.get(header.number)
    if (segment === undefined) continue
    const bytes = await readWhole(files, folders.path(log.path))
    sequence = replay(bytes, segment, log.end, from, sequence, messages, findings)
    if (log === last) cut = cutOff(bytes, segment, header)
  }

  const first = messages.first
  const stale = logs.filter(({ header }) => header.number < first)
  if (stale.length > 0) dropOlder(messages, segments, first)
  for (const { header, path } of stale) {
    segments.remove(header.number)
    voids.push(path)
  }
  findings.push(...gaps(logs, first))

  const { lost, used } = missing(messages, segments, there.contents)
  for (const id of lost) findings.push({ what: 'the message names a file that is not there', where: 'the queue', id })
  balance(messages, findings)
  const idle = segments.of('apart').filter(({ number }) => !messages.live.has(number))
  for (const { number } of idle) segments.remove(number)
  const open = last === undefined ? undefined : segments.get(last.header.number)
  return {
    messages,
    segments,
    ...(open === undefined ? {} : { previous: { segment: open.number, end: open.end } }),
    ...(open === undefined || cut > 0 || findings.length > 0 ? {} : { open }),
    sequence,
    findings,
    lost,
    leftovers: [
      ...there.blanks,
      ...voids,
      ...idle.map(({ path }) => path),
      ...[...there.contents].filter((path) => !used.has(path)),
    ],
    unreadable: there.unreadable,
    cut,
    fromCheckpoint: begun !== undefined,
  }
}

const saltOf = ({ salt }: SegmentHeader): Buffer => Buffer.from(salt, 'hex')

async function look(files: FileLayer, folders: Folders, findings: Finding[]) {
  const segments = new Segments()
  const logs: LogFile[] = []
  const blanks: string[] = []
  const unreadable: string[] = []
  const contents = new Set<string>()
  for (const folder of await folders.list()) {
    for (const name of await files.list(folders.path(folder))) {
      const path = `${folder}/${name}`
      const named = readSegmentName(name)
      if (named === undefined) {
        if (name.endsWith('.content')) contents.add(path)
        else findings.push({ what: 'the queue did not put this file here', where: path })
        continue
      }
      segments.sawNumber(named.number)
      if (named.kind === 'spare') {
        blanks.push(path)
        continue
      }
      const { read, size, begun } = await headerOf(files, folders.path(path))
      if (read.kind === 'header' && read.header.number === named.number && read.header.kind === named.kind) {
        const { header } = read
        if (named.kind === 'log') logs.push({ header, path })
        else segments.add({ number: header.number, kind: 'apart', path, salt: saltOf(header), end: size })
      } else if (named.kind === 'apart' || read.kind === 'blank' || !begun) blanks.push(path)
      else {
        findings.push({ what: 'the header of this segment cannot be read', where: path })
        unreadable.push(path)
      }
    }
  }
  logs.sort((a, b) => a.header.number - b.header.number)
  return { segments, logs, blanks, unreadable, contents }
}

/** `begun`: there is something behind the header. */
async function headerOf(files: FileLayer, path: string) {
  const file = await files.open(path, 'read')
  try {
    const size = await file.size()
    const read = readHeader(await readSome(file, 0, HEADER_BYTES))
    const begun = read.kind === 'damaged' && (await readSome(file, HEADER_BYTES, size)).some((octet) => octet !== 0)
    return { read, size, begun }
  } finally {
    await file.close()
  }
}

async function syncFile(files: FileLayer, path: string): Promise<void> {
  const file = await files.open(path, 'write')
  try {
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** Each header says which segment came before it and where that ended: those between never counted. */
function chain(all: readonly LogFile[]): { readonly logs: readonly LogFile[]; readonly voids: string[] } {
  const logs: LogFile[] = []
  const voids: string[] = []
  let previous: SegmentHeader['previous']
  for (const log of all.toReversed()) {
    if (previous !== undefined && log.header.number > previous.segment) {
      voids.push(log.path)
      continue
    }
    if (log.header.number === previous?.segment) log.end = previous.end
    logs.unshift(log)
    previous = log.header.previous
  }
  return { logs, voids }
}

/** Segments that later ones name and that are not there, though they should be. */
const gaps = (logs: readonly LogFile[], first: number): readonly Finding[] =>
  logs.flatMap(({ header: { previous }, path }, i) =>
    previous === undefined || previous.segment < first || logs[i - 1]?.header.number === previous.segment || i === 0
      ? []
      : [{ what: `segment ${previous.segment}, which came before this one, is missing`, where: path }],
  )

/** Which segment to begin with, when everything from there on is there; -1 when the checkpoint is of no use. */
function startIn(logs: readonly LogFile[], at: { readonly segment: number; readonly end: number }): number {
  const start = logs.findIndex(({ header }) => header.number === at.segment)
  const linked = logs
    .slice(start + 1)
    .every(({ header }, i) => header.previous?.segment === logs[start + i]?.header.number)
  const { end = Number.POSITIVE_INFINITY } = logs[start] ?? {}
  return linked && at.end <= end ? start : -1
}

/** Gives the sequence of the group that comes next. */
function replay(
  bytes: Buffer,
  segment: Segment,
  end: number | undefined,
  from: number | undefined,
  sequence: number,
  messages: Messages,
  findings: Finding[],
): number {
  let next = sequence
  const damaged = (what: string, offset: number, octets: number, id?: string): void => {
    const named = id === undefined ? {} : { id: id as MessageId }
    findings.push({
      what,
      where: `${segment.path}:${offset}`,
      bytes: bytes.subarray(offset, offset + octets),
      ...named,
    })
  }
  const apply = ({ kind, id, payload, offset, bytes: octets }: FoundRecord): void => {
    const decoded = decodeChange(kind, id, payload)
    if (decoded === undefined) damaged('a record of no known kind', offset, octets, id)
    else messages.apply(decoded.change, spanIn(segment, { offset, bytes: octets }))
  }
  for (const found of scanGroups(bytes, from ?? HEADER_BYTES, segment.salt, end)) {
    if (found.kind === 'tail') {
      segment.end = found.offset
    } else if (found.kind === 'damage') {
      damaged('a damaged group', found.offset, found.end - found.offset)
      for (const record of found.rest) apply(record)
    } else {
      if (found.group.sequence !== next && findings.length === 0)
        findings.push({ what: 'groups are missing before this place', where: `${segment.path}:${found.group.offset}` })
      next = found.group.sequence + 1
      for (const record of found.group.records) {
        if (record.intact) apply(record)
        else damaged('a damaged record', record.offset, record.bytes, record.id)
      }
    }
  }
  return next
}

/**
 * Octets behind the end, where a write that was cut short has left something there. What does not begin like a group of
 * this segment, in a file used before, was there before, or can never be a group: the next write may go over it.
 */
function cutOff(bytes: Buffer, { end, salt }: Segment, { reused }: SegmentHeader): number {
  const rest = bytes.subarray(end)
  const left = reused === true ? rest.includes(salt) : rest.some((octet) => octet !== 0)
  return left ? rest.length : 0
}

/** Segments that were given up and came back, because their removal did not reach the disk. */
function dropOlder(messages: Messages, segments: Segments, first: number): void {
  const older = (at: number): boolean => segmentOf(at) < first && segments.get(segmentOf(at))?.kind !== 'apart'
  for (const [id, { base, later }] of messages.kept)
    if (older(base.at) || later.some(({ at }) => older(at))) messages.forget(id)
}

function missing(messages: Messages, segments: Segments, contents: ReadonlySet<string>) {
  const used = new Set<string>()
  const lost: MessageId[] = []
  const there = ({ base, later, file }: Kept): boolean =>
    segments.get(segmentOf(base.at)) !== undefined &&
    later.every(({ at }) => segments.get(segmentOf(at)) !== undefined) &&
    (file === undefined || contents.has(file))
  for (const [id, kept] of messages.kept) {
    if (kept.file !== undefined) used.add(kept.file)
    if (!there(kept)) lost.push(id)
  }
  return { lost, used }
}

/** What was damaged took recipients with it; without that the sums must come out. */
function balance(messages: Messages, findings: Finding[]): void {
  const { totals } = messages
  const over = totals.accepted + totals.born - TERMINAL.reduce((sum, end) => sum + totals[end], 0) - messages.waiting()
  if (over === 0) return
  if (findings.length > 0) messages.totals = { ...totals, accepted: totals.accepted - over }
  findings.push({ what: `${over} recipients are neither waiting nor at an end`, where: 'the ledger' })
}

const sameTotals = (messages: Messages, { totals }: SegmentHeader): boolean =>
  Object.values(addTotals(messages.totals, totals, -1)).every((count) => count === 0)
