// Every weather of the demo, with traffic both ways: what a person sees is that it struck, that the page came back, and that nothing was
// lost, doubled or reordered.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { kept, patience, runDemo, type DemoRun, type Visit } from './demo-harness.ts'

let demo: DemoRun
let visit: Visit

beforeAll(async () => {
  demo = await runDemo(inject('browserPath'))
})
afterAll(() => demo.close())

beforeEach(async () => {
  visit = await demo.visit()
  await visit.makeTraffic()
})
afterEach(() => visit.close())

const resumed = async (times = 1): Promise<void> => {
  await expect.poll(() => visit.logged('session resumed'), patience).toBeGreaterThanOrEqual(times)
}

test('cut: the session resumes, and what was missed is replayed', async () => {
  await visit.weather('Cut').click()
  await resumed()
  expect(await visit.settle()).toEqual(kept)
  expect(await visit.count('Replayed')).toBeGreaterThan(0)
})

test('network down: messages wait in the outbox and are settled afterwards', async () => {
  await visit.weather('Network down').click()
  await visit.until(/reconnecting|offline/)
  await expect.poll(() => visit.count('Without an outcome yet'), patience).toBeGreaterThan(50)
  await visit.weather('Network down').click()
  await resumed()
  expect(await visit.settle()).toEqual(kept)
  expect(await visit.count('Replayed')).toBeGreaterThan(0)
})

test('restart: a new session, a gap that is announced, nothing else', async () => {
  await visit.weather('Restart server').click()
  await expect.poll(() => visit.logged('new session'), patience).toBe(2)
  expect(await visit.settle()).toEqual(kept)
  expect(await visit.count('Gaps announced')).toBe(1)
})

test('drain: the page moves to the next server, which has the log: no gap', async () => {
  await visit.weather('Drain').click()
  await expect.poll(() => visit.logged('new session'), patience).toBe(2)
  expect(await visit.settle()).toEqual(kept)
  expect(await visit.count('Gaps announced')).toBe(0)
})

describe('half-open', () => {
  test('black hole: silence is found and the session goes on over a new link', async () => {
    await visit.weather('Black hole').click()
    // In the log: the status itself may say so too briefly to be seen.
    await expect.poll(() => visit.logged('reconnecting'), patience).toBeGreaterThan(0)
    await resumed()
    expect(await visit.settle()).toEqual(kept)
  })

  test('tunnel: what the old link releases late changes nothing', async () => {
    await visit.weather('Tunnel').click()
    await resumed()
    await visit.weather('Tunnel').click()
    expect(await visit.settle()).toEqual(kept)
  })
})

test('delay: the round trip shows it', async () => {
  await visit.weather('Delay').click()
  await expect.poll(() => visit.page.locator('#link-note').innerText(), patience).toMatch(/round trip 3\d\d ms/)
  expect(await visit.settle()).toEqual(kept)
})

test('slow: the outbox fills and empties', async () => {
  await visit.weather('Slow').click()
  await visit.page.getByRole('button', { name: 'Send burst' }).click()
  await expect.poll(() => visit.count('Without an outcome yet'), patience).toBeGreaterThan(500)
  expect(await visit.settle()).toEqual(kept)
})

describe('a WebSocket that is refused', () => {
  test.each(['Refuse upgrade', 'Accept, stay mute'])('%s: open over the event stream', async (name) => {
    await visit.weather(name).click()
    await visit.until('open over event stream')
    expect(await visit.settle()).toEqual(kept)
  })
})

describe.each(['Event stream', 'Long-polling'])('over %s', (transport) => {
  beforeEach(async () => {
    await visit.choose(transport)
    await visit.until(`open over ${transport.toLowerCase()}`)
  })

  test('one POST fails after the server had it: it is sent again and handled once', async () => {
    const resumes = await visit.logged('session resumed')
    await visit.weather('Fail one POST').click()
    await expect.poll(() => visit.logged(/Fail one POST$/), patience).toBe(1)
    expect(await visit.settle()).toEqual(kept)
    expect(await visit.logged('session resumed')).toBe(resumes)
    expect(await visit.count('Sent again on the wire')).toBe(0)
  })

  test('cut: the session resumes', async () => {
    const before = await visit.logged('session resumed')
    await visit.weather('Cut').click()
    if (transport === 'Event stream') await resumed(before + 1)
    expect(await visit.settle()).toEqual(kept)
  })
})

test('one poll fails: the session goes on', async () => {
  await visit.choose('Long-polling')
  await visit.until('open over long-polling')
  const resumes = await visit.logged('session resumed')
  await visit.weather('Fail one poll').click()
  await expect.poll(() => visit.logged(/Fail one poll$/), patience).toBe(1)
  expect(await visit.settle()).toEqual(kept)
  expect(await visit.logged('session resumed')).toBe(resumes)
})

test('storm: the promise holds through a random mixture', async () => {
  await visit.weather('Storm').click()
  await resumed(2)
  expect(await visit.settle()).toEqual(kept)
})
