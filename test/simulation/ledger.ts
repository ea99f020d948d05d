/** Judges messages up: who had which one when, and whether what the sender was told is true. */
import type { Oracle } from './oracles.ts'
import type { World } from './world.ts'

export type Plan = 'nothing' | 'value' | 'refuse' | 'throw'

/** What is in a message: its name, and what the handler is to do with it. */
export interface Body {
  readonly k: string
  readonly plan: Plan
  readonly ms: number
  readonly pad: string
}

interface Start {
  readonly process: number
  readonly id: string
  readonly session: string
  finished: 'running' | Plan
}

interface Letter {
  readonly key: string
  readonly page: string
  /** Number in send order of its page. */
  readonly n: number
  readonly kind: 'send' | 'request' | 'volatile'
  readonly once: boolean
  readonly ttl: boolean
  readonly keyed: boolean
  /** Whether the next message waits until its handler is done. */
  readonly inTurn: boolean
  /** Aborted by its sender, or timed out, at the latest when settled so. */
  withdrawn: boolean
  handed: boolean
  readonly heardBy: Set<number>
  /** Processes that heard it on a link that was its session's at that instant. */
  readonly heardFresh: Set<number>
  readonly starts: Start[]
  outcome: string | null
}

export interface Meta {
  readonly session: { readonly id: string }
  readonly serial: number
  readonly id: string
  readonly redelivered: boolean
  readonly volatile: boolean
}

export interface Facts {
  /** Whether several processes share sessions. */
  readonly isShared: boolean
  /** Whether any process has died. */
  hasDied(): boolean
  isDead(process: number): boolean
  /** Whether the session was lost to its client in a way that leaves nothing to tell what was handled. */
  isUnknown(session: string): boolean
  readonly intake: 'at-least-once' | 'at-most-once'
  /** Whether that page's connection was ever closed by a code, or its client by its user. */
  wasClosed(page: string): boolean
  hasLostSession(page: string): boolean
  /** A send has failed for this. */
  told(code: string): void
}

export interface Ledger {
  readonly letters: ReadonlyMap<string, Letter>
  add(letter: Pick<Letter, 'page' | 'kind' | 'once' | 'ttl' | 'keyed' | 'inTurn'>): Letter
  handed(key: string): void
  heard(key: string, process: number, isFresh: boolean): void
  started(body: Body, meta: Meta, process: number): Start | null
  settled(letter: Letter, outcome: string, code: string, told: { id?: string; reply?: unknown }): void
  open(): Letter[]
  /** That page is gone: nobody is told any more. */
  abandon(page: string): void
}

export const replyTo = (key: string): string => 'reply to ' + key

export function createLedger(world: World, facts: Facts): Ledger {
  const letters = new Map<string, Letter>()
  const counts = new Map<string, number>()
  /** The last serial and number started, per process and session, and the last start that others wait for. */
  const last = new Map<string, { serial: number; n: number; before: Start | null }>()
  const byId = new Map<string, string>()
  const fail = (oracle: Oracle, letter: Letter, what: string): void => world.fail(oracle, `${letter.key}: ${what}`)

  function checkOrder(letter: Letter, meta: Meta, start: Start): void {
    const place = (facts.isShared ? '' : start.process + ' ') + meta.session.id
    let before = last.get(place) ?? { serial: 0, n: -1, before: null }
    // What a process that died had begun is begun again, in its turn.
    if (facts.isShared && letter.starts.some(({ session }) => session === meta.session.id))
      before = { serial: meta.serial - 1, n: letter.n - 1, before: null }
    if (before.before && facts.isDead(before.before.process)) before = { ...before, before: null }
    if (meta.serial <= before.serial) fail('order', letter, `serial ${meta.serial} is started after ${before.serial}`)
    if (letter.n <= before.n) fail('order', letter, `message ${letter.n} is started after ${before.n}`)
    if (before.before?.finished === 'running') fail('order', letter, `started before serial ${before.serial} is done`)
    last.set(place, { serial: meta.serial, n: letter.n, before: letter.inTurn ? start : before.before })
  }
  function checkRepetition(letter: Letter, meta: Meta): void {
    const { starts } = letter
    if (!starts.length) return
    if (starts.some(({ id }) => id !== meta.id)) fail('once', letter, `started as ${meta.id} and as ${starts[0]!.id}`)
    // In a session that was taken from its client, what waited goes on; meanwhile the client may have sent it again in its new one.
    const isLate = facts.isUnknown(meta.session.id)
    if (!meta.redelivered && !isLate) fail('once', letter, 'started again without being called redelivered')
    if (letter.once) fail('once', letter, 'started again though its sender wanted it once at most')
    if (facts.intake === 'at-most-once') fail('once', letter, 'started again though at most once was asked for')
    for (const { process, session } of starts)
      if (!facts.isDead(process) && !facts.isUnknown(session) && !isLate)
        fail('once', letter, `started again while process ${process} and the tombstone of ${session} live`)
  }
  /** What has to be true for a sender to be told so. */
  function fault(letter: Letter, outcome: string, code: string, told: { id?: string; reply?: unknown }): string | null {
    const { starts, page } = letter
    const finished = (plan: Plan): boolean => starts.some((start) => start.finished === plan)
    const withdrawals: { readonly [code: string]: boolean } = {
      expired: letter.ttl,
      replaced: letter.keyed,
      aborted: letter.withdrawn,
      timeout: letter.withdrawn,
      'outbox-full': true,
      'no-link': letter.kind === 'volatile',
      closed: facts.wasClosed(page),
      'connection-closed': facts.wasClosed(page),
      'session-lost': letter.once && facts.hasLostSession(page),
      'identity-changed': facts.hasLostSession(page),
      'in-doubt':
        (facts.intake === 'at-most-once' && facts.hasLostSession(page)) ||
        (facts.isShared && facts.hasDied() && (letter.once || facts.intake === 'at-most-once')),
      poison: facts.hasLostSession(page),
    }
    switch (outcome) {
      case 'acknowledged':
        if (letter.kind === 'volatile') return null
        if (!finished('value') && !finished('nothing')) return 'acknowledged, not handled'
        if (letter.kind === 'send' && !starts.some(({ id }) => id === told.id))
          return `acknowledged as ${told.id}, handled as another`
        if (letter.kind === 'request' && told.reply !== (finished('value') ? replyTo(letter.key) : undefined))
          return `got the reply ${String(told.reply)}`
        return null
      case 'rejected':
        if (code === 'refused') return finished('refuse') ? null : 'rejected, not refused'
        if (code === 'handler-failed') return finished('throw') ? null : 'failed, yet its handler did not'
        if (code === 'poison') return starts.length ? 'rejected as poison, yet handled' : null
        return `rejected for ${code}`
      case 'not-sent':
        if (letter.handed || letter.heardBy.size) return `not sent (${code}), yet it was on a link`
        return withdrawals[code] ? null : `not sent for ${code}`
      case 'in-doubt':
        if (!letter.handed) return `in doubt (${code}), yet it was on no link`
        return withdrawals[code] ? null : `in doubt for ${code}`
      default:
        return `has the outcome ${outcome}`
    }
  }

  return {
    letters,
    add(given) {
      const { page } = given
      const n = counts.get(page) ?? 0
      counts.set(page, n + 1)
      const letter: Letter = {
        ...given,
        key: `${page}.${n}`,
        n,
        withdrawn: false,
        handed: false,
        heardBy: new Set(),
        heardFresh: new Set(),
        starts: [],
        outcome: null,
      }
      letters.set(letter.key, letter)
      return letter
    },
    handed(key) {
      const letter = letters.get(key)
      if (!letter) return world.fail('outcome', `${key} is on a link, and was never sent`)
      letter.handed = true
      if (letter.outcome === 'not-sent') fail('not-sent', letter, 'not sent, yet it is put on a link')
    },
    heard(key, process, isFresh) {
      const letter = letters.get(key)
      if (!letter?.handed) return world.fail('not-sent', `${key} is heard by the server, and was never handed over`)
      letter.heardBy.add(process)
      if (isFresh) letter.heardFresh.add(process)
    },
    started({ k }, meta, process) {
      const letter = letters.get(k)
      if (!letter) {
        world.fail('once', `${k} is handled, and was never sent`)
        return null
      }
      world.trace(
        `start ${k} as ${meta.id} in ${meta.session.id} by process ${process}${meta.redelivered ? ' redelivered' : ''}`,
      )
      // A server that has not heard that it lost a session may still start what is never recorded.
      const isFresh = facts.isShared ? letter.heardFresh.size || meta.volatile : letter.heardFresh.has(process)
      if (!isFresh) fail('fence', letter, 'handled, though it only came on a link that had been taken over')
      if (meta.volatile !== (letter.kind === 'volatile')) fail('once', letter, 'handled with the wrong guarantee')
      const start: Start = {
        process,
        id: meta.id,
        session: meta.session.id,
        finished: 'running',
      }
      if (meta.volatile) {
        if (letter.starts.length) fail('once', letter, 'a volatile message is handled twice')
      } else {
        if ((byId.get(meta.id) ?? k) !== k) fail('once', letter, `shares its id ${meta.id} with ${byId.get(meta.id)}`)
        byId.set(meta.id, k)
        checkOrder(letter, meta, start)
        checkRepetition(letter, meta)
      }
      letter.starts.push(start)
      return start
    },
    settled(letter, outcome, code, told) {
      world.trace(`settled ${letter.key} ${outcome} ${code}`)
      if (letter.outcome !== null) fail('settles', letter, 'settled twice')
      letter.outcome = outcome
      facts.told(code)
      const what = fault(letter, outcome, code, told)
      const judge = outcome === 'acknowledged' || outcome === 'not-sent' ? outcome : 'outcome'
      if (what) fail(judge, letter, what)
    },
    abandon(page) {
      for (const letter of letters.values()) if (letter.page === page) letter.outcome ??= 'abandoned'
    },
    open: () => [...letters.values()].filter(({ outcome }) => outcome === null),
  }
}
