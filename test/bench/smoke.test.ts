// The benchmark cannot lie: with every contestant each message arrives, once, whole and in its order, and one that does not is noticed.
import { beforeAll, expect, test } from 'vitest'
import { bundle, type Bundles } from '../../bench/src/bundle.ts'
import { contestants, measures, type Contestant, type Open } from '../../bench/src/contract.ts'
import { attend } from '../../bench/src/core.ts'
import { measure } from '../../bench/src/measures.ts'
import { runInChromium } from '../../bench/src/parts/chromium.ts'
import { runInNode } from '../../bench/src/parts/node.ts'
import type { Row } from '../../bench/src/results.ts'
import { findBrowser } from '../../scripts/browser.ts'

/** More than a burst, and more than a window. */
const countFor = (_: Contestant, measure: string): number =>
  measure === 'serial' || measure === 'roundTrip' ? 5 : 1_100
const options = { rounds: 1, warmUp: false, only: measures, strict: true, countFor }

const oneWay = ['receive 1 KiB', 'receive 64 B', 'send 1 KiB', 'send 64 B']
const bothWays = ['pipelined 1 KiB', 'pipelined 64 B', 'round trip p50', 'round trip p99', 'serial 64 B']
const expected = (name: Contestant): string[] =>
  name === 'raw' || name === 'partysocket' ? oneWay : [...bothWays, ...oneWay].sort()

/** The measures that have a figure, processor time left out. */
function taken(rows: Row[], name: Contestant): string[] {
  const own = rows.filter((row) => row.contestant === name && !row.unit.includes('CPU'))
  expect(own.every(({ values }) => values.length === 1 && values[0]! > 0)).toBe(true)
  return own.map((row) => row.measure).sort()
}

let bundles: Bundles
beforeAll(async () => {
  bundles = await bundle({ root: new URL('../../bench/', import.meta.url), holdfast: 'source' })
}, 60_000)

test.each(contestants)('%s delivers every message of every measure in Node, whole and in order', async (name) => {
  expect(taken(await runInNode(bundles, { ...options, names: [name] }), name)).toEqual(expected(name))
})

test('every contestant delivers every message of every measure in Chromium, whole and in order', async () => {
  const { rows } = await runInChromium(bundles, await findBrowser(), options)
  for (const name of contestants) expect(taken(rows, name)).toEqual(expected(name))
})

/** A connection to the server's half in this very thread, by way of something that may harm what is sent. */
const through =
  (harm: (text: string, send: (text: string) => void) => void): Open =>
  async ({ onMessage }) => {
    const receive = attend((text) => queueMicrotask(() => onMessage(text)))
    const pass = (text: string): void => (text.startsWith('!') ? receive(text) : harm(text, receive))
    return {
      send: pass,
      acknowledged: async (text) => pass(text),
      echo: async (text) => text.toUpperCase(),
      close() {},
    }
  }

const place = { WebSocket: globalThis.WebSocket, later: setImmediate }
const take = (open: Open, name: (typeof measures)[number]): Promise<unknown> =>
  measure(open, '', { measure: name, count: 3, bytes: 64, strict: true }, place)

test('a message that is lost, doubled, cut short or overtaken fails the measure', async () => {
  let held: string | null = null
  const faults: Record<string, Open> = {
    lost: through((text, send) => void (text.startsWith('00000001') || send(text))),
    doubled: through((text, send) => [text, text].forEach(send)),
    short: through((text, send) => send(text.slice(0, -1))),
    overtaken: through((text, send) => {
      if (text.startsWith('00000001')) held = text
      else for (const each of held === null ? [text] : [text, held]) send(each)
    }),
  }
  for (const open of Object.values(faults)) await expect(take(open, 'pipelined')).rejects.toThrow('the server has')
  await expect(
    take(
      through((text, send) => send(text)),
      'pipelined',
    ),
  ).resolves.toMatchObject({ count: 3 })
  await expect(take(faults.lost!, 'roundTrip')).rejects.toThrow('not what was sent')
})
