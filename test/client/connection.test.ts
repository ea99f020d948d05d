// The subtle rules of the lifecycle, one by one. What holds for all states is in connection-walk.test.ts.
import { describe, expect, it } from 'vitest'
import { closePolicy } from '@holdfast/protocol'
import { transition } from '../../packages/client/src/connection.ts'
import {
  deadline,
  initial,
  statusOf,
  type Effect,
  type Event,
  type Policy,
  type State,
} from '../../packages/client/src/state.ts'
import { PULSE, policyWith } from '../support/lifecycle-walk.ts'

const EPOCH = 1_000_000

/** A lifecycle that is told events and asked what it is in; time moves by hand. */
function createLifecycle(overrides: Partial<Policy> = {}) {
  const policy = policyWith(overrides)
  let state: State = initial
  let now = EPOCH
  let effects: Effect[] = []
  const life = {
    policy,
    get state() {
      return state
    },
    get at() {
      return state.at
    },
    get now() {
      return now
    },
    /** Effects of the last event. */
    get effects() {
      return effects.map((effect) => effect.join(' '))
    },
    /** ms until it wants to be woken. */
    get left() {
      return deadline(state) - now
    },
    get attempt() {
      return 'course' in state ? state.course.attempt : 0
    },
    tell(...events: (Event | Event['type'])[]) {
      for (const event of events) {
        const step = transition(state, typeof event === 'string' ? ({ type: event } as Event) : event, now, policy)
        ;[state, ...effects] = step
      }
      return life
    },
    pass(time: number) {
      now += time
      return life
    },
    /** Lets time pass up to the deadline, and its timer fire so much later. */
    due(late = 0) {
      now = deadline(state) + late
      return life.tell('due')
    },
    open(pulse = PULSE) {
      return life.tell('connect', 'opened', { type: 'welcomed', pulse }, 'answered')
    },
    dropped(code: number, retryAfter?: number) {
      return life.tell({
        type: 'dropped',
        cause: { code, reason: '', ...(retryAfter === undefined ? {} : { retryAfter }) },
      })
    },
  }
  return life
}
/** Open on the second transport, the first having stayed mute. */
function onLesser(overrides: Partial<Policy> = {}) {
  const life = createLifecycle(overrides).tell('connect').dropped(1006)
  return life.tell('opened', { type: 'welcomed', pulse: PULSE })
}

describe('retries', () => {
  it('begin anew only after a link that has lasted, so that a server which accepts and drops is not hammered', () => {
    const life = createLifecycle({ random: () => 0.999 })
      .open()
      .pass(4999)
      .dropped(1006)
    expect(life.attempt).toBe(1)
    life.due().tell('opened', { type: 'welcomed', pulse: PULSE }).pass(4999).dropped(1006)
    expect(life.attempt).toBe(2)
    expect(life.left).toBeGreaterThan(1900)
    life.due().tell('opened', { type: 'welcomed', pulse: PULSE }).pass(5000).dropped(1006)
    expect(life.attempt).toBe(1)
  })

  it('come first within the spread that the server announced', () => {
    for (const random of [0, 0.5, 0.999]) {
      const life = createLifecycle({ random: () => random })
        .open({ ...PULSE, spread: 8000 })
        .pass(60_000)
        .dropped(1006)
      expect(life.left).toBeCloseTo(8000 * random, 6)
    }
  })

  it('that fail keep to that spread, too: who came while the server was down does not come again at once', () => {
    const random = { value: 0.5 }
    const life = createLifecycle({ transports: 1, random: () => random.value })
      .open({ ...PULSE, spread: 100_000 })
      .pass(60_000)
      .dropped(1006)
    for (const value of [0, 0.5, 0.999]) {
      random.value = value
      expect(life.due().dropped(1006).left).toBeCloseTo(100_000 * (0.5 + value), 6)
    }
  })

  it('go by back-off alone where the loss was local', () => {
    const life = createLifecycle({ transports: 1, random: () => 0.5 })
      .open({ ...PULSE, spread: 100_000 })
      .pass(60_000)
      .dropped(1006)
    expect(life.tell('online').dropped(1006).left).toBeLessThan(30_000)
  })

  it('keep their jitter at the cap', () => {
    const random = { value: 0 }
    const life = createLifecycle({ transports: 1, random: () => random.value }).tell('connect')
    for (let i = 0; i < 12; i++) life.dropped(1006).due()
    random.value = 0.25
    expect(life.dropped(1006).left).toBe(7500)
    random.value = 0.75
    expect(life.due().dropped(1006).left).toBe(22_500)
  })

  it('give the dial more time, up to three times, since browsers delay repeated dials themselves', () => {
    const life = createLifecycle({ transports: 1 }).tell('connect')
    const limits = [0, 1, 2, 3].map(() => {
      const { left } = life
      life.due().due()
      return left
    })
    expect(limits).toEqual([10_000, 20_000, 30_000, 30_000])
  })

  it('stop after as many as allowed, and with a back-off that says so', () => {
    const life = createLifecycle({ transports: 1, maxAttempts: 2 })
      .tell('connect')
      .dropped(1006)
      .due()
      .dropped(1006)
      .due()
    expect(life.at).toBe('opening')
    expect(life.dropped(1006).at).toBe('closed')
    expect(
      createLifecycle({ transports: 1, backoff: () => null })
        .tell('connect')
        .dropped(1006).at,
    ).toBe('closed')
  })

  it('follow at once where the loss was local', () => {
    const life = createLifecycle().open().pass(60_000).tell('online').due()
    expect(life.at).toBe('waiting')
    expect(life.left).toBe(0)
  })

  it('go on slowly where the platform sees no network, for it may be wrong', () => {
    const life = createLifecycle({ transports: 1, online: () => false }).tell('connect')
    expect(life.at).toBe('opening')
    life.dropped(1006)
    expect([life.at, statusOf(life.state), life.left]).toEqual(['offline', 'offline', 15_000])
    expect(life.pass(14_000).tell('offline').left).toBe(1000)
    expect(life.due().at).toBe('opening')
  })
})

describe('close codes', () => {
  const expected: { [code: number]: [at: string, left: number, forgets?: true] } = {
    4000: ['closed', Infinity],
    4001: ['closed', Infinity],
    4002: ['closed', Infinity],
    4100: ['waiting', 0],
    4101: ['waiting', 0],
    4200: ['waiting', 8000],
    4201: ['waiting', 8000],
    4202: ['waiting', 500],
    4203: ['waiting', 8000],
    4300: ['waiting', 0],
    4301: ['waiting', 0],
    4302: ['waiting', 0],
    4303: ['waiting', 0],
    4400: ['waiting', 150, true],
    4401: ['waiting', 150, true],
    4402: ['waiting', 150, true],
    1000: ['waiting', 150],
    1001: ['waiting', 150],
    1005: ['waiting', 150],
    1006: ['waiting', 150],
    1008: ['waiting', 150, true],
    1002: ['waiting', 500],
    1003: ['waiting', 500],
    1007: ['waiting', 500],
    1009: ['waiting', 8000],
    1010: ['waiting', 150],
    1011: ['waiting', 150],
    1012: ['waiting', 8000],
    1013: ['waiting', 8000],
    1014: ['waiting', 150],
    1015: ['waiting', 150],
    3000: ['waiting', 150],
    4500: ['waiting', 150],
  }
  it.each(Object.entries(expected))('%s, after a healthy link', (code, [at, left, forgets]) => {
    const life = createLifecycle({ credential: 'renewable' }).tell('connect', 'authorized', 'opened')
    life.tell({ type: 'welcomed', pulse: PULSE }).pass(60_000).dropped(Number(code))
    expect([life.at, life.left, life.effects]).toEqual([at, left, forgets ? ['drop', 'forget'] : ['drop']])
  })

  it('that ask for a credential end it where there is no other one to give', () => {
    for (const credential of ['none', 'fixed'] as const) {
      const life = createLifecycle({ credential }).tell('connect', 'authorized', 'opened').dropped(4100)
      expect(life.at).toBe('closed')
    }
  })

  it('stop after three faults in a row, whatever the network did before them', () => {
    const life = createLifecycle({ transports: 1 }).tell('connect')
    for (let i = 0; i < 6; i++) life.dropped(1006).due()
    for (let i = 0; i < 3; i++) life.dropped(4202).due()
    expect(life.at).toBe('opening')
    expect(life.dropped(4202).at).toBe('closed')
    const other = createLifecycle({ transports: 1 }).tell('connect')
    for (let i = 0; i < 9; i++) other.dropped(i % 3 === 2 ? 1006 : 4202).due()
    expect(other.at).toBe('opening')
    // Links that open, and are lost before they have lasted, come in between, too.
    const flaky = createLifecycle({ transports: 1 }).open()
    for (let i = 0; i < 9; i++)
      flaky
        .dropped(i % 3 === 2 ? 1006 : 4202)
        .due()
        .tell('opened', { type: 'welcomed', pulse: PULSE })
    expect(flaky.at).toBe('open')
  })

  it('of a server in need of rest use up one attempt', () => {
    const life = createLifecycle({ maxAttempts: 2 }).open().pass(60_000).dropped(1013)
    expect([life.at, life.attempt]).toEqual(['waiting', 1])
  })

  it('before the welcome are obeyed too, and only silence and failures fall back', () => {
    for (const code of [4001, 4100, 4200, 4202, 4300, 4400]) {
      const life = createLifecycle({ credential: 'renewable' }).tell('connect', 'authorized', 'opened').dropped(code)
      expect(['waiting', 'closed']).toContain(life.at)
    }
    for (const code of [0, 1000, 1006, 1011, 3000]) {
      const life = createLifecycle().tell('connect', 'opened').dropped(code)
      expect([life.at, life.effects]).toEqual(['opening', ['drop', 'open 1']])
    }
  })

  it('honour a hint: the end of a spread, or a rest that nobody cuts short but the user', () => {
    const spread = createLifecycle({ random: () => 0.25 })
      .open()
      .pass(60_000)
      .dropped(4300, 8000)
    expect(spread.left).toBe(2000)
    const rest = createLifecycle({ random: () => 0.5 })
      .open()
      .pass(60_000)
      .dropped(4200, 40_000)
    expect(rest.left).toBe(45_000)
    for (const hint of ['visible', 'resumed', 'online', 'frozen', 'offline', 'resumed', 'online'] as const) {
      rest.tell(hint)
      expect(deadline(rest.state)).toBe(EPOCH + 105_000)
    }
    expect(rest.tell('connect').at).toBe('opening')
  })

  it('are all of a policy that is handled', () => {
    for (let code = 0; code < 5000; code += code < 4000 ? 50 : 1) {
      const life = createLifecycle({ credential: 'renewable' }).tell('connect', 'authorized', 'opened').dropped(code)
      expect(life.at === 'closed').toBe(closePolicy(code) === 'stop')
    }
  })
})

describe('liveness', () => {
  it('a silent link is pinged, and is dead when nothing comes within the grace', () => {
    const life = createLifecycle().open().due()
    expect([life.at, life.effects, life.left]).toEqual(['probing', ['abandon', 'ping'], 5000])
    life.due()
    expect([life.at, life.effects, life.now - EPOCH]).toEqual(['waiting', ['drop'], 20_000])
  })

  it('anything that arrives is life', () => {
    const life = createLifecycle().open().due().pass(4999).tell('received')
    expect([life.at, life.left]).toEqual(['open', 15_000])
    expect(life.pass(10_000).tell('received').left).toBe(15_000)
  })

  it.each(['online', 'visible', 'resumed'] as const)('%s probes with a short deadline', (hint) => {
    const life = createLifecycle().open().pass(1000).tell(hint)
    expect([life.at, life.effects, life.left]).toEqual(['probing', ['abandon', 'ping'], 2500])
    expect(
      createLifecycle()
        .open({ ...PULSE, grace: 1000 })
        .tell(hint).left,
    ).toBe(1000)
  })

  it('two wake-ups are one probe', () => {
    const life = createLifecycle().open().tell('resumed').pass(100).tell('visible', 'resumed', 'visible')
    expect([life.effects, life.left]).toEqual([[], 2400])
  })

  it('a wake-up shortens a probe that has more time', () => {
    const life = createLifecycle().open().due().tell('visible')
    expect([life.left, life.effects]).toEqual([2500, ['abandon', 'ping']])
  })

  it('a timer that fired late grants exactly one more probe', () => {
    const life = createLifecycle().open().due(60_000)
    expect([life.at, life.left]).toEqual(['probing', 2500])
    life.due(60_000)
    expect([life.at, life.effects, life.left]).toEqual(['probing', ['abandon', 'ping'], 2500])
    expect(life.due(60_000).at).toBe('waiting')
  })

  it('offline does not close: a link down for 4 s with a surviving socket costs no reconnect', () => {
    const life = createLifecycle().open().pass(14_000).tell('offline')
    expect([life.at, life.effects]).toEqual(['open', []])
    // The beat is missed meanwhile.
    life.due()
    expect(life.at).toBe('probing')
    life.pass(3000).tell('online')
    expect([life.effects, life.left]).toEqual([['abandon', 'ping'], 2500])
    expect(life.pass(50).tell('answered').at).toBe('open')
  })

  it('what lay in a buffer through a sleep is no life: a dead link is replaced as soon as after any wake-up', () => {
    const life = createLifecycle().open().pass(60_000).tell('received')
    expect([life.at, life.effects, life.left]).toEqual(['probing', ['abandon', 'ping'], 2500])
    expect(life.tell('received').pass(249).tell('received').at).toBe('probing')
    expect(life.due().at).toBe('waiting')
  })

  it('after a wake-up an answer is life at once, and whatever arrives a little later', () => {
    expect(createLifecycle().open().tell('visible', 'received').at).toBe('probing')
    expect(createLifecycle().open().tell('visible', 'answered').at).toBe('open')
    expect(createLifecycle().open().tell('visible').pass(250).tell('received').at).toBe('open')
  })

  it('offline makes a long-silent promise short', () => {
    expect(createLifecycle().open().tell('offline').left).toBe(5000)
  })
})

describe('the environment', () => {
  it('online while dialling dials again', () => {
    const life = createLifecycle().tell('connect').pass(3000).tell('online')
    expect([life.at, life.effects, life.left]).toEqual(['opening', ['drop', 'open 0'], 10_000])
    expect(life.tell('opened', 'online').effects).toEqual(['drop', 'open 0'])
  })

  it('a wake-up limits an attempt that may have died in the sleep', () => {
    expect(createLifecycle().tell('connect', 'visible').left).toBe(5000)
    expect(createLifecycle().tell('connect', 'opened').pass(7000).tell('resumed').left).toBe(1000)
  })

  it('a frozen page keeps nothing open, and goes on when it returns', () => {
    const life = createLifecycle().open().pass(60_000).tell('frozen')
    expect([life.at, life.effects, life.left]).toEqual(['offline', ['drop'], 15_000])
    expect(life.pass(3_600_000).tell('resumed').at).toBe('opening')
    expect(life.attempt).toBe(0)
  })

  it('freezing forgives no failure', () => {
    const life = createLifecycle({ transports: 1 }).tell('connect')
    for (let i = 0; i < 3; i++) life.dropped(1006).due()
    expect(life.tell('frozen', 'resumed').attempt).toBe(3)
  })

  it('wakes nobody whom the user has put to rest', () => {
    for (const rest of [
      createLifecycle().open().tell('disconnect'),
      createLifecycle().open().tell({ type: 'close', cause: null }),
    ])
      for (const hint of ['online', 'visible', 'resumed', 'frozen', 'offline', 'due', 'opened', 'received'] as const) {
        const { state } = rest
        expect(rest.tell(hint).state).toBe(state)
      }
  })
})

describe('a drain', () => {
  it('moves at a moment within its time, over a link that works until then', () => {
    const life = createLifecycle({ random: () => 0.5 })
      .open()
      .pass(1000)
      .tell({ type: 'drain', within: 8000 })
    expect([life.at, life.left]).toEqual(['open', 4000])
    life.due()
    expect([life.at, life.effects, life.attempt]).toEqual(['opening', ['drop', 'open 0'], 0])
  })

  it('that is told again puts nothing off', () => {
    const life = createLifecycle({ random: () => 0.5 })
      .open()
      .tell({ type: 'drain', within: 8000 })
    expect(life.pass(3000).tell({ type: 'drain', within: 8000 }).left).toBe(1000)
  })

  it('is not forgotten by a probe', () => {
    const life = createLifecycle({ random: () => 0.5 })
      .open()
      .tell({ type: 'drain', within: 4000 }, 'visible')
      .pass(2400)
    expect(life.tell('received').left).toBe(-400)
    expect(life.tell('due').at).toBe('opening')
  })
})

describe('transports', () => {
  it('are tried in order, each with its deadline, whether they fail, stay mute or hang', () => {
    const life = createLifecycle().tell('connect').due()
    expect(life.effects).toEqual(['drop', 'open 1'])
    expect(life.tell('opened').due().effects).toEqual(['drop', 'open 2'])
    expect(life.now - EPOCH).toBe(18_000)
    life.dropped(1006)
    expect([life.at, life.due().effects]).toEqual(['waiting', ['open 0']])
  })

  it('a lesser one is stayed with, and begun with until it is time to look upward', () => {
    const life = onLesser().pass(10_000).dropped(1006).due()
    expect(life.effects).toEqual(['open 1'])
    life.dropped(1006)
    const late = onLesser().pass(29_000).tell('received').pass(9000).dropped(1006).due()
    expect(late.effects).toEqual(['open 0'])
  })

  it('the better one is tried quietly after a while; a failing try keeps the link, and is repeated later', () => {
    const life = onLesser()
    for (let i = 0; i < 5; i++) life.pass(6000).tell('received')
    life.tell('due')
    expect([life.at, life.effects]).toEqual(['open', ['prove 0']])
    life.tell('disproved')
    expect([life.at, life.effects]).toEqual(['open', []])
    for (let i = 0; i < 8; i++) life.pass(5000).tell('received')
    expect(life.tell('due').effects).toEqual(['prove 0'])
    // A try that answers nothing.
    life.pass(10_000).tell('due')
    expect([life.at, life.effects]).toEqual(['open', ['abandon']])
  })

  it('probes do not put the look upward off', () => {
    const life = onLesser()
    for (let i = 0; i < 15; i++) life.pass(2000).tell('visible', 'answered')
    expect(life.tell('due').effects).toEqual(['prove 0'])
  })

  it('a try that succeeds moves the session up; a welcome there ends the looking', () => {
    const life = onLesser().pass(10_000).tell('received').pass(10_000).tell('received').pass(10_000)
    life.tell('due').tell('proved')
    expect([life.at, life.effects, statusOf(life.state)]).toEqual(['moving', ['promote'], 'open'])
    life.tell({ type: 'welcomed', pulse: PULSE })
    expect([life.at, life.left]).toEqual(['open', 15_000])
    expect(life.pass(60_000).dropped(1006).due().effects).toEqual(['open 0'])
  })

  it('a move that fails goes back at once to the transport that worked', () => {
    for (const failure of ['dropped', 'mute'] as const) {
      const life = onLesser().pass(10_000).tell('received').pass(10_000).tell('received').pass(10_000)
      life.tell('due', 'proved')
      if (failure === 'dropped') life.dropped(1006)
      else life.due()
      expect([life.at, life.left, life.due().effects]).toEqual(['waiting', 0, ['open 1']])
    }
  })

  it('one on which nothing gets through upward is left, though its welcome came', () => {
    const life = createLifecycle().tell('connect', 'opened', { type: 'welcomed', pulse: PULSE })
    expect([life.at, life.effects, life.left]).toEqual(['open', ['ping'], 8000])
    // What comes down proves nothing about the way up.
    life.pass(4000).tell('received')
    expect(life.left).toBe(4000)
    expect(life.due().effects).toEqual(['drop', 'open 1'])
  })

  it('is not doubted once a ping was answered, over HTTP, after a quiet try, or where there is no other', () => {
    const welcomed: Event = { type: 'welcomed', pulse: PULSE }
    expect(createLifecycle().tell('connect', 'opened', welcomed, 'answered').left).toBe(15_000)
    expect(onLesser().effects).toEqual([])
    expect(createLifecycle({ transports: 1 }).tell('connect', 'opened', welcomed).effects).toEqual([])
    const moved = onLesser().pass(10_000).tell('received').pass(10_000).tell('received').pass(10_000)
    expect(moved.tell('due', 'proved', welcomed).effects).toEqual([])
  })

  it('a sleep is no reason to leave it: it is asked again', () => {
    const life = createLifecycle().tell('connect', 'opened', { type: 'welcomed', pulse: PULSE }).due(60_000)
    expect([life.at, life.effects]).toEqual(['probing', ['abandon', 'ping']])
    life.pass(300).tell('received')
    expect([life.at, life.left]).toEqual(['open', 7700])
  })

  it('what this environment cannot open at all ends it, rather than being tried for ever', () => {
    const unusable: Event = { type: 'unusable', cause: { code: 0, reason: 'no such class' } }
    expect(createLifecycle().tell('connect', unusable, unusable, unusable).at).toBe('closed')
    // One that at least could be dialled may work later.
    expect(createLifecycle().tell('connect', unusable).dropped(1006).tell(unusable).at).toBe('waiting')
  })
})

describe('credentials', () => {
  it('are asked for before each attempt, within a limit', () => {
    const life = createLifecycle({ credential: 'renewable' }).tell('connect')
    expect([life.at, life.effects, life.left]).toEqual(['authorizing', ['authorize'], 10_000])
    expect(life.due().at).toBe('waiting')
    expect(life.due().effects).toEqual(['authorize'])
    expect(life.tell({ type: 'unauthorized', cause: { code: 4100, reason: '' } }).attempt).toBe(2)
    expect(life.due().tell({ type: 'refused', cause: { code: 4100, reason: '' } }).at).toBe('closed')
  })

  it('are renewed at once, then by back-off: one renewal per failure', () => {
    const life = createLifecycle({ credential: 'renewable' }).tell('connect', 'authorized', 'opened').dropped(4100)
    expect(life.left).toBe(0)
    life.due().tell('authorized', 'opened').dropped(4100)
    expect(life.left).toBe(1000)
  })
})
