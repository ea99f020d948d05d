// What servers that share sessions ask of each other, where messages between them may be lost.
import { describe, expect, test } from 'vitest'
import type { SessionStore } from '@holdfast/server'
import { createContext } from '../../packages/server/src/context.ts'
import { settle } from '../../packages/server/src/options.ts'
import { createPeers, type Answered, type Peers } from '../../packages/server/src/peers.ts'
import { createSharedSessions } from '../support/shared-sessions.ts'
import { createClock, settled, type VirtualClock } from './support/clock.ts'

interface Pair {
  readonly clock: VirtualClock
  /** Asks the other one; resolves with what it has answered. */
  ask(): Promise<Answered | 'late' | null>
  /** How often the other one was asked to serve. */
  readonly served: number
  /** It answers what it has been asked. */
  answer(): void
  kill(): void
}

/** `lost`: which messages, of all that are told, get lost. */
function createPair(lost: readonly number[]): Pair {
  const clock = createClock()
  const shared = createSharedSessions({ clock, lease: 5_000 })
  const context = createContext(settle({ clock }))
  let told = 0
  const open = (): { peers: Peers; store: SessionStore } => {
    const own = shared.open()
    const tell: SessionStore['tell'] = async (node, message) => lost.includes(++told) || own.tell(node, message)
    const store = { ...own, tell }
    const peers = createPeers(context, store, () => {})
    own.join({ told: peers.told }, { window: 1_000, tombstone: 1_000 })
    return { peers, store }
  }
  const [one, other] = [open(), open()]
  let served = 0
  let answer = (): void => {}
  other.peers.serve((asked, reply) => {
    served++
    answer = () => reply({ status: 200, body: asked.body })
  })
  return {
    clock,
    get served() {
      return served
    },
    answer: () => answer(),
    ask: () =>
      one.peers.ask(other.store.node, { codec: '', body: Buffer.from('hi') }, { within: 15_000, onGone: () => {} }),
    kill: () => shared.kill(other.store.node),
  }
}

describe('a request that is handed on', () => {
  test.each([
    ['nothing is lost', [], 1],
    ['the question is lost', [1], 1],
    ['the answer is lost', [2], 2],
  ] as const)('is answered, where %s', async (_, lost, served) => {
    const pair = createPair(lost)
    const answer = pair.ask()
    for (let n = 0; n < 2; n++) {
      await settled()
      pair.answer()
      await settled()
      await pair.clock.advance(2_000)
    }
    expect(await answer).toEqual({ status: 200, body: Buffer.from('hi') })
    expect(pair.served).toBe(served)
  })

  test('is served once, however long that takes', async () => {
    const pair = createPair([])
    const answer = pair.ask()
    for (let n = 0; n < 5; n++) {
      await settled()
      await pair.clock.advance(2_000)
    }
    expect(pair.served).toBe(1)
    pair.answer()
    expect(await answer).toMatchObject({ status: 200 })
  })

  test('is late when its time is over, and has no answer when that server has died', async () => {
    const [slow, dead] = [createPair([]), createPair([])]
    const answers = Promise.all([slow.ask(), dead.ask()])
    await settled()
    dead.kill()
    for (let n = 0; n < 8; n++) {
      for (const { clock } of [slow, dead]) await clock.advance(2_000)
    }
    expect(await answers).toEqual(['late', null])
  })
})
