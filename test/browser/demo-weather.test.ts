// Every weather of the demo, with traffic both ways: what a person sees is that it struck, that the page came back, and that nothing was
// lost, doubled or reordered.
import { afterAll, beforeAll, describe, expect, inject, test, vi, type TestContext } from 'vitest'
import { kept, runDemo, type DemoRun, type Visit } from './demo-harness.ts'

// A page that draws takes nearly half a core.
vi.setConfig({ maxConcurrency: 4 })

let demo: DemoRun
beforeAll(async () => {
  demo = await runDemo(inject('browserPath'))
})
afterAll(() => demo?.close())

/** A test with one visitor and a good deal of traffic both ways. */
const amidTraffic =
  (act: (visit: Visit) => Promise<void>) =>
  (context: TestContext): Promise<void> =>
    demo.visiting(context, async (visit) => {
      await visit.makeTraffic()
      await act(visit)
    })

const resumed = async (visit: Visit, times = 1): Promise<void> => {
  await visit.soon(() => visit.logged('session resumed')).toBeGreaterThanOrEqual(times)
}

describe.concurrent('weather', () => {
  test(
    'cut: the session resumes, and what was missed is replayed',
    amidTraffic(async (visit) => {
      // A link that is back before the next message is due has missed nothing: then it is cut again.
      for (let cuts = 1; (await visit.count('Replayed')) === 0; cuts++) {
        await visit.weather('Cut').click()
        await resumed(visit, cuts)
      }
      expect(await visit.settle()).toEqual(kept)
    }),
  )

  test(
    'network down: messages wait in the outbox and are settled afterwards',
    amidTraffic(async (visit) => {
      await visit.weather('Network down').click()
      await visit.until(/reconnecting|offline/)
      await visit.soon(() => visit.count('Without an outcome yet')).toBeGreaterThan(50)
      await visit.weather('Network down').click()
      await resumed(visit)
      expect(await visit.settle()).toEqual(kept)
      expect(await visit.count('Replayed')).toBeGreaterThan(0)
    }),
  )

  test(
    'restart: a new session, a gap that is announced, nothing else',
    amidTraffic(async (visit) => {
      await visit.weather('Restart server').click()
      await visit.soon(() => visit.logged('new session')).toBe(2)
      expect(await visit.settle()).toEqual(kept)
      expect(await visit.count('Gaps announced')).toBe(1)
    }),
  )

  test(
    'drain: the page moves to the next server, which has the log: no gap',
    amidTraffic(async (visit) => {
      await visit.weather('Drain').click()
      await visit.soon(() => visit.logged('new session')).toBe(2)
      expect(await visit.settle()).toEqual(kept)
      expect(await visit.count('Gaps announced')).toBe(0)
    }),
  )

  test(
    'black hole: silence is found and the session goes on over a new link',
    amidTraffic(async (visit) => {
      await visit.weather('Black hole').click()
      // In the log: the status itself may say so too briefly to be seen.
      await visit.soon(() => visit.logged('reconnecting')).toBeGreaterThan(0)
      await resumed(visit)
      expect(await visit.settle()).toEqual(kept)
    }),
  )

  test(
    'tunnel: what the old link releases late changes nothing',
    amidTraffic(async (visit) => {
      await visit.weather('Tunnel').click()
      await resumed(visit)
      await visit.weather('Tunnel').click()
      expect(await visit.settle()).toEqual(kept)
    }),
  )

  test(
    'delay: the round trip shows it',
    amidTraffic(async (visit) => {
      await visit.weather('Delay').click()
      await visit.soon(() => visit.page.locator('#link-note').innerText()).toMatch(/round trip 3\d\d ms/)
      expect(await visit.settle()).toEqual(kept)
    }),
  )

  test(
    'slow: the outbox fills and empties',
    amidTraffic(async (visit) => {
      await visit.weather('Slow').click()
      await visit.soon(() => visit.logged('Slow begins')).toBe(1)
      const most = await visit.peak('Without an outcome yet')
      await visit.page.getByRole('button', { name: 'Send burst' }).click()
      await visit.soon(most).toBeGreaterThan(500)
      expect(await visit.settle()).toEqual(kept)
    }),
  )

  describe('a WebSocket that is refused', () => {
    test.for(['Refuse upgrade', 'Accept, stay mute'])('%s: open over the event stream', (name, context) =>
      amidTraffic(async (visit) => {
        await visit.weather(name).click()
        await visit.until('open over event stream')
        expect(await visit.settle()).toEqual(kept)
      })(context),
    )
  })

  describe.each(['Event stream', 'Long-polling'])('over %s', (transport) => {
    const amidItsTraffic = (act: (visit: Visit) => Promise<void>): ReturnType<typeof amidTraffic> =>
      amidTraffic(async (visit) => {
        await visit.choose(transport)
        await visit.until(`open over ${transport.toLowerCase()}`)
        await act(visit)
      })

    test(
      'one POST fails after the server had it: it is sent again and handled once',
      amidItsTraffic(async (visit) => {
        const resumes = await visit.logged('session resumed')
        await visit.weather('Fail one POST').click()
        await visit.soon(() => visit.logged(/Fail one POST$/)).toBe(1)
        expect(await visit.settle()).toEqual(kept)
        expect(await visit.logged('session resumed')).toBe(resumes)
        expect(await visit.count('Sent again on the wire')).toBe(0)
      }),
    )

    test(
      'cut: the session resumes',
      amidItsTraffic(async (visit) => {
        const before = await visit.logged('session resumed')
        await visit.weather('Cut').click()
        if (transport === 'Event stream') await resumed(visit, before + 1)
        expect(await visit.settle()).toEqual(kept)
      }),
    )
  })

  test(
    'one poll fails: the session goes on',
    amidTraffic(async (visit) => {
      await visit.choose('Long-polling')
      await visit.until('open over long-polling')
      const resumes = await visit.logged('session resumed')
      await visit.weather('Fail one poll').click()
      await visit.soon(() => visit.logged(/Fail one poll$/)).toBe(1)
      expect(await visit.settle()).toEqual(kept)
      expect(await visit.logged('session resumed')).toBe(resumes)
    }),
  )

  test(
    'storm: the promise holds through a random mixture',
    amidTraffic(async (visit) => {
      await visit.weather('Storm').click()
      await resumed(visit, 2)
      expect(await visit.settle()).toEqual(kept)
    }),
  )
})
