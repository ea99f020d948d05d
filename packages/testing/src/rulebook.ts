// Which rules are in force, and which of them strike now. No I/O: it is asked for each run of bytes, request and frame.
import { checkRule } from './rule-check.ts'
import type { Aim, Direction, ExchangeInfo, Rule } from './rules.ts'

/** A rule in force. */
export interface Standing<R extends Rule = Rule> {
  readonly id: number
  readonly rule: R
  /** Runs `fn` when the rule is undone; returns the undo of that. Being spent is not being undone. */
  onLifted(fn: () => void): () => void
}

/** What bytes on their way meet. */
export interface Weather {
  passage: 'pass' | 'hold' | 'lose'
  latency: number
  jitter: number
  /** Round trip that the first bytes of a connection wait for, in ms. */
  handshake: number
  bytesPerSecond: number
}

/** What a rule is matched against. */
interface Occasion {
  connection: number
  exchange?: ExchangeInfo | undefined
  direction?: Direction
}

type RuleOf<F extends Rule['fault']> = Extract<Rule, { fault: F }>

export interface Rulebook {
  add(rule: Rule, newestConnection: number): { standing: Standing; undo: () => void }
  /** Undoes every rule. */
  clear(): void
  /** The rule of this kind that strikes now. Every matching rule counts the occasion, the oldest that is due strikes. */
  take<F extends Rule['fault']>(fault: F, on: Occasion, only?: (rule: RuleOf<F>) => boolean): Standing<RuleOf<F>> | null
  /** Whether a rule that struck before is about this, too. */
  concerns(standing: Standing, on: Occasion): boolean
  weather(on: Occasion & { direction: Direction }): Weather
  /** The rules in force. */
  list(): Rule[]
  /** True while a rule wants the port closed. */
  portClosed(): boolean
}

interface Entry extends Standing {
  newestConnection: number
  seen: number
  left: number
  lift: () => void
}

const fair: Weather = { passage: 'pass', latency: 0, jitter: 0, handshake: 0, bytesPerSecond: Infinity }

export interface RulebookEvents {
  /** A rule was added or undone. */
  changed(standing: Standing, action: 'made' | 'undone'): void
  /** A rule's `when` threw; it counts as not matching. It may be asked from a timer, where nobody could catch. */
  failed(error: unknown): void
}

export function createRulebook({ changed, failed }: RulebookEvents): Rulebook {
  let lastId = 0
  const standing = new Set<Entry>()

  function undo(entry: Entry): void {
    if (!standing.delete(entry)) return
    entry.lift()
    changed(entry, 'undone')
  }

  function applies(entry: Entry, on: Occasion): boolean {
    try {
      return matches(entry, on)
    } catch (error) {
      failed(error)
      return false
    }
  }

  return {
    add(rule, newestConnection) {
      checkRule(rule)
      const entry = createEntry(++lastId, rule, newestConnection)
      standing.add(entry)
      changed(entry, 'made')
      return { standing: entry, undo: () => undo(entry) }
    },
    clear() {
      for (const entry of standing) undo(entry)
    },
    take<F extends Rule['fault']>(fault: F, on: Occasion, only?: (rule: RuleOf<F>) => boolean) {
      let struck: Entry | null = null
      for (const entry of standing) {
        if (entry.rule.fault !== fault || entry.left === 0) continue
        if (!applies(entry, on) || (only && !only(entry.rule as RuleOf<F>))) continue
        entry.seen++
        if (struck === null && entry.seen >= nthOf(entry.rule)) struck = entry
      }
      if (struck === null) return null
      struck.left--
      // A spent rule is forgotten, unless somebody may still be waiting for its end.
      if (struck.left === 0 && !outlasting.has(fault)) standing.delete(struck)
      // The loop let only rules of this fault through, which the compiler cannot follow.
      return struck as unknown as Standing<RuleOf<F>>
    },
    concerns: (struck, on) => applies(struck as Entry, on),
    weather(on) {
      let sum = fair
      for (const entry of standing) {
        const { rule } = entry
        if (isWeather(rule) && applies(entry, on)) sum = worse(sum, rule)
      }
      return sum
    },
    list: () => [...standing].filter(({ left }) => left > 0).map(({ rule }) => rule),
    portClosed: () => [...standing].some(({ rule }) => rule.fault === 'refuse' && rule.how === 'closed'),
  }
}

function createEntry(id: number, rule: Rule, newestConnection: number): Entry {
  const listeners = new Set<() => void>()
  const lift = (): void => {
    for (const fn of listeners) fn()
    listeners.clear()
  }
  const onLifted = (fn: () => void): (() => void) => {
    listeners.add(fn)
    return () => listeners.delete(fn)
  }
  return { id, rule, newestConnection, seen: 0, left: timesOf(rule), lift, onLifted }
}

/** Faults that go on after their rule is spent. */
const outlasting: ReadonlySet<string> = new Set(['hang', 'buffer', 'duplicate-response'])

const nthOf = (rule: Rule): number => ('nth' in rule ? (rule.nth ?? 1) : 1)

function timesOf(rule: Rule): number {
  if ('times' in rule && rule.times !== undefined) return rule.times
  return 'nth' in rule && rule.nth !== undefined ? 1 : Infinity
}

type WeatherRule = RuleOf<'delay' | 'throttle' | 'black-hole' | 'hold'>

const weatherFaults: ReadonlySet<string> = new Set(['delay', 'throttle', 'black-hole', 'hold'])
const isWeather = (rule: Rule): rule is WeatherRule => weatherFaults.has(rule.fault)

function worse(sum: Weather, rule: WeatherRule): Weather {
  switch (rule.fault) {
    case 'delay': {
      const ways = rule.direction === undefined || rule.direction === 'both' ? 2 : 1
      const handshake = rule.handshake === false ? 0 : rule.latency * ways
      return {
        ...sum,
        latency: sum.latency + rule.latency,
        jitter: sum.jitter + (rule.jitter ?? 0),
        handshake: sum.handshake + handshake,
      }
    }
    case 'throttle':
      return { ...sum, bytesPerSecond: Math.min(sum.bytesPerSecond, rule.bytesPerSecond) }
    case 'black-hole':
      return { ...sum, passage: 'lose' }
    case 'hold':
      return sum.passage === 'lose' ? sum : { ...sum, passage: 'hold' }
  }
}

function matches({ rule, newestConnection }: Entry, on: Occasion): boolean {
  const aim: Aim & { direction?: Direction | 'both' } = rule
  const { exchange } = on
  if (aim.direction !== undefined && aim.direction !== 'both' && aim.direction !== on.direction) return false
  if (aim.connection !== undefined && aim.connection !== on.connection) return false
  if (aim.connections === 'existing' && on.connection > newestConnection) return false
  if (aim.connections === 'new' && on.connection <= newestConnection) return false
  return matchesExchange(aim, exchange)
}

/** The part of an aim that is about what is said, not about which connection says it. */
export function matchesExchange(aim: Aim, exchange: ExchangeInfo | undefined): boolean {
  if (aim.kind === undefined && aim.path === undefined && aim.when === undefined) return true
  if (exchange === undefined) return false
  if (aim.kind !== undefined && ![aim.kind].flat().includes(exchange.kind)) return false
  if (typeof aim.path === 'string' && aim.path !== exchange.path) return false
  if (aim.path instanceof RegExp && exchange.path.search(aim.path) === -1) return false
  return aim.when === undefined || aim.when(exchange)
}
