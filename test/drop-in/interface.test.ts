// Our class beside those of others, on one list of cases.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket as NodeWebSocket } from 'ws'
import { createWorld, type World } from '../support/world.ts'
import { acceptEchoes, dropIn, plainDropIn, listenPlain, type Listening } from './far-side.ts'
import { cases } from './interface-cases.ts'

let world: World
let plain: Listening
beforeAll(async () => {
  world = await createWorld({ setUp: acceptEchoes })
  plain = await listenPlain()
})
afterAll(async () => {
  await world.close()
  await plain.close()
})

const strict = new Set<string>(['ours, over a Holdfast server', 'ours, over a plain server', 'the one that Node has'])
const classes: readonly (readonly [name: string, Class: typeof WebSocket, url: () => string])[] = [
  [
    'ours, over a Holdfast server',
    dropIn({ maxAttempts: 1, logger: { error() {} } }),
    () => world.proxy.url.replace('http', 'ws'),
  ],
  ['ours, over a plain server', plainDropIn({ logger: { error() {} } }), () => plain.url],
  ['that of the library ws', NodeWebSocket as unknown as typeof WebSocket, () => plain.url],
  // From Node 22 on.
  ...(typeof WebSocket === 'function' ? [['the one that Node has', WebSocket, () => plain.url] as const] : []),
]

describe.each(classes)('%s', (name, Class, url) => {
  test.each(cases.filter(({ isStrict }) => !isStrict || strict.has(name)))('$title', async ({ run, expected }) => {
    expect(await run(Class, url())).toEqual(expected)
  })
})
