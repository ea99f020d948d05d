// One direction of one connection: bytes go in, meet the weather, and come out in order. The only place where latency,
// narrowness, holding and losing happen; everything that must keep its place among the bytes (FIN, a cut) travels as a mark.
import { createQueue } from './queue.ts'
import type { Weather } from './rulebook.ts'
import type { ExchangeInfo } from './rules.ts'
import type { Ticks } from './timers.ts'

export interface Line {
  /** Takes bytes; resolves when there is room for more. `wait` holds back these bytes, and so all behind them, for so many ms. */
  push(bytes: Buffer, exchange?: ExchangeInfo, wait?: number): Promise<void>
  /** `act` runs when everything pushed before it has come out; never, if it is lost on the way. `wait` as above. */
  mark(act: () => void, exchange?: ExchangeInfo, wait?: number): void
  /** Looks at the weather again. */
  wake(): void
  /** The writer has room again. */
  drained(): void
  /** From now on everything is lost, marks too. */
  sever(): void
  severed(): boolean
  /** True if a black hole took anything. */
  lossy(): boolean
}

export interface LineOptions {
  weather(exchange: ExchangeInfo | undefined): Weather
  /** Called when bytes first meet a new passage: they are now held, lost, or pass again. */
  onPassage(passage: Weather['passage'], exchange: ExchangeInfo | undefined): void
  /** Returns false if it wants no more until `drained()`. */
  write(bytes: Buffer): boolean
  timers: Ticks
  random: () => number
}

/** Bytes on their way before the source has to wait. */
const capacity = 4 * 1024 * 1024
/** A throttled line writes in portions of so many ms, so that it flows instead of jumping. */
const portion = 20

interface Item {
  /** Or what is to be done in their place. */
  bytes: Buffer | null
  exchange: ExchangeInfo | undefined
  dueAt: number
  act(): void
}

const nothing = (): void => {}
const sizeOf = ({ bytes }: Pick<Item, 'bytes'>): number => bytes?.length ?? 0

export function createLine({ weather, onPassage, write, timers, random }: LineOptions): Line {
  const bornAt = timers.now()
  const queue = createQueue<Item>()
  let queued = 0
  let lastDueAt = 0
  let freeAt = 0
  let outlet: 'open' | 'full' | 'severed' = 'open'
  let passage: Weather['passage'] = 'pass'
  let lost = 0
  let disarm = (): void => {}
  let waiting: (() => void)[] = []

  function enter(item: Omit<Item, 'dueAt'>, wait: number): void {
    const { latency, jitter, handshake } = weather(item.exchange)
    const sentAt = Math.max(timers.now(), handshake > 0 ? bornAt + handshake : 0)
    lastDueAt = Math.max(lastDueAt, sentAt + latency + (jitter > 0 ? random() * jitter : 0)) + wait
    queue.put({ ...item, dueAt: lastDueAt })
    queued += sizeOf(item)
    pump()
  }

  function pump(): void {
    disarm()
    for (let item = queue.first(); item !== undefined && outlet === 'open'; item = queue.first()) {
      const { passage: now, bytesPerSecond } = weather(item.exchange)
      if (now !== passage) onPassage((passage = now), item.exchange)
      if (now === 'hold') break
      if (now === 'lose') {
        lost++
        shift(item)
        continue
      }
      const early = Math.max(item.dueAt, freeAt) - timers.now()
      if (early > 0) {
        disarm() // a mark may have pumped, and armed, from within
        disarm = timers.after(Math.ceil(early), pump)
        break
      }
      leave(item, bytesPerSecond)
    }
    if (queued < capacity) release()
  }

  function leave(item: Item, bytesPerSecond: number): void {
    if (item.bytes === null) {
      shift(item)
      return item.act()
    }
    const size = Math.min(item.bytes.length, Math.max(1, Math.floor((bytesPerSecond * portion) / 1_000)))
    const bytes = item.bytes.subarray(0, size)
    if (size === item.bytes.length) shift(item)
    else {
      item.bytes = item.bytes.subarray(size)
      queued -= size
    }
    if (bytesPerSecond < Infinity) freeAt = Math.max(freeAt, timers.now()) + (size / bytesPerSecond) * 1_000
    if (!write(bytes) && outlet === 'open') outlet = 'full'
  }

  function shift(item: Item): void {
    queue.drop()
    queued -= sizeOf(item)
  }

  function release(): void {
    const released = waiting
    waiting = []
    for (const fn of released) fn()
  }

  return {
    async push(bytes, exchange, wait = 0) {
      if (outlet === 'severed' || bytes.length === 0) return
      enter({ bytes, exchange, act: nothing }, wait)
      if (queued >= capacity) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    mark(act, exchange, wait = 0) {
      if (outlet !== 'severed') enter({ bytes: null, exchange, act }, wait)
    },
    wake: pump,
    drained() {
      if (outlet !== 'full') return
      outlet = 'open'
      pump()
    },
    sever() {
      outlet = 'severed'
      disarm()
      queue.clear()
      queued = 0
      release()
    },
    severed: () => outlet === 'severed',
    lossy: () => lost > 0,
  }
}
