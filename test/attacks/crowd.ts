// SPDX-License-Identifier: Apache-2.0
/** Many connections at one time: where they come from, how many this process may have open, and how they are made. */
import { readFileSync } from 'node:fs'
import type { Scene } from './attack.ts'

/** Descriptors that the process needs for everything else. */
const SPARE = 200
/** Connections that are being made at one time: the backlog of the listener is no part of what is tried. */
const WIDTH = 100

/** 250 networks: with 10,000 connections, forty from each, below the limits of an address and of a network. */
export const crowdAddress = (n: number): string => `127.1.${n % 250}.1`

/** So many connections as the form of the attack asks for, or as this system lets a process open. */
export function crowdSize(scene: Scene, short: number, full: number): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const open = /^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1]
  return Math.min(scene.size(short, full), Math.max(50, Number(open ?? 1024) - SPARE))
}

/** Does it for 0 to count - 1, some at one time. */
export async function forEach(count: number, work: (n: number) => Promise<void>, width = WIDTH): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) await work(n)
  }
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker))
}
