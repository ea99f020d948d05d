// Two servers that share nothing but Redis, and clients that are moved between them: the promises for topics hold.
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { redisLog } from '@holdfast/redis'
import { createServer, type Log, type Server } from '@holdfast/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inNode, numbers, within, type Bench } from '../promises/bench.ts'
import { until } from '../support/world.ts'
import { startRedis, type RedisServer } from './redis-server.ts'

let redis: RedisServer
let made = 0
beforeAll(async () => {
  redis = await startRedis()
}, 300_000)
afterAll(() => redis.close())

interface Node {
  readonly server: Server
  readonly port: number
  /** As a process that is killed: its connections are gone, nobody is told. */
  kill(): Promise<void>
}

async function startNode(log: Log): Promise<Node> {
  const server = createServer({ log })
  const http: HttpServer = createHttpServer()
  server.attach(http, { path: '/realtime', allowedOrigins: '*' })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    server,
    port: (http.address() as AddressInfo).port,
    async kill() {
      const gone = new Promise((resolve) => http.close(resolve))
      http.closeAllConnections()
      await server.close()
      await gone
    },
  }
}

/** A world whose server, and a second node, have logs in the one Redis. */
async function withNodes(scenario: (bench: Bench, other: Node) => Promise<void>): Promise<void> {
  const prefix = `nodes${made++}`
  const open = (): Log => redisLog({ url: redis.url, prefix, timeout: 1_000, onError: () => {} })
  const logs = [open(), open()] as const
  const other = await startNode(logs[1])
  try {
    await within(inNode, { log: logs[0] }, (bench) => scenario(bench, other))
  } finally {
    await other.kill()
    for (const log of logs) await log.close?.()
  }
}

describe.each(['webSocket', 'eventSource', 'longPolling'] as const)('%s', (transport) => {
  test('1,000 messages published on one node reach a client of another, which is sent from node to node: each once, in order', async () => {
    await withNodes(async ({ world, agent }, other) => {
      const client = await agent({ transports: [transport], hasty: true })
      await client.subscribe('feed')
      const { port } = world.http.address() as AddressInfo
      for (let n = 0; n < 1_000; n++) {
        await other.server.publish('feed', n)
        if (n % 200 !== 100) continue
        world.proxy.retarget(n % 400 === 100 ? other.port : port)
        world.proxy.cut()
      }
      await until(async () => (await client.count('feed')) >= 1_000, 'the last message')
      expect(await client.heard('feed')).toEqual(numbers(1_000))
    })
  })

  test('a Redis that is restored from a backup is seen as a gap, and what comes next is heard', async () => {
    await withNodes(async ({ world, agent }) => {
      const client = await agent({ transports: [transport], hasty: true })
      await client.subscribe('feed')
      await world.server.publish('feed', 'kept')
      await redis.save()
      redis.backUp()
      await world.server.publish('feed', 'lost')
      await until(async () => (await client.count('feed')) === 2, 'both messages')
      await redis.kill()
      redis.restore()
      await redis.start()
      await until(async () => {
        try {
          await world.server.publish('feed', 'new')
          return true
        } catch {
          return false
        }
      }, 'the log to take messages again')
      await until(async () => (await client.heard('feed')).includes('new'), 'what comes next')
      const heard = await client.heard('feed')
      expect(heard.slice(0, 2)).toEqual(['kept', 'lost'])
      expect(heard[2]).toMatchObject({ gap: expect.anything() as unknown, sameEpoch: false })
      expect(heard.at(-1)).toBe('new')
    })
  })
})
