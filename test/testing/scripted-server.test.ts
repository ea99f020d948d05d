// A client against a server that the test plays: what it does by itself, what the test sees, and what the test can say.
import { afterEach, expect, test } from 'vitest'
import { createClient, type Client, type ClientOptions } from '@holdfast/client'
import {
  drops,
  inTurn,
  memoryNetwork,
  neverOpens,
  refuses,
  scriptedServer,
  staysMute,
  welcomes,
  type ScriptedServer,
} from '@holdfast/testing/memory'

const url = 'https://app.test/realtime?room=1'
const clients: Client[] = []

function join(server: ScriptedServer, over: Partial<ClientOptions> = {}): Client {
  const client = createClient(url, { ...server.clientOptions, ...over })
  clients.push(client)
  return client
}

afterEach(() => clients.splice(0).forEach((client) => void client.close()))

test('by itself it welcomes, confirms subscriptions wherever they begin, and answers pings', async () => {
  const server = scriptedServer()
  const client = join(server)
  const heard: unknown[] = []
  client.subscribe('now', (data) => heard.push(data))
  client.subscribe('start', (data) => heard.push(data), { since: 'start' })
  client.subscribe('later', (data) => heard.push(data), { since: ['e', 7, 1] })
  await server.clock.until(client.ready())
  server.link.event('now', 1, 'a')
  server.link.event('start', 1, 'b')
  server.link.event('later', 8, 'c')
  await server.clock.until(() => heard.length === 3)
  expect(heard).toEqual(['a', 'b', 'c'])
  client.subscribe('afterwards', (data) => heard.push(data), { since: 'start' })
  await server.link.next('subscribe')
  server.link.event('afterwards', 1, 'd')
  await server.clock.until(() => heard.length === 4)
  // It asks whether anybody is there once the beat is overdue, and believes the pong.
  await server.link.next('ping')
  await server.clock.advance(1000)
  expect(client.status).toBe('open')
})

test('a link tells what it was asked for, and every frame and packet that came up', async () => {
  const server = scriptedServer()
  const client = join(server)
  const link = await server.next()
  await server.clock.until(client.ready())
  expect(link).toMatchObject({ transport: 'webSocket', url: '/realtime?room=1', closed: false })
  expect(link.hello).toMatchObject({ version: 1, session: null })
  client.send('chat', { text: 'hi' }).catch(() => {})
  const seen: string[] = []
  const stop = link.on(([type]) => seen.push(type))
  expect(await link.next('send')).toEqual(['send', 1, 'chat', { text: 'hi' }])
  stop()
  client.send('chat', 'more').catch(() => {})
  expect(await link.next('send')).toEqual(['send', 2, 'chat', 'more'])
  expect(seen).toEqual(['send'])
  expect(link.frames.map(([type]) => type)).toEqual(['hello', 'send', 'send'])
  expect(link.packets.join()).toContain('"more"')
})

test('what becomes of a message is what the test says', async () => {
  const server = scriptedServer()
  const client = join(server)
  await server.clock.until(client.ready())
  const outcomes: string[] = []
  const note = (told: Promise<unknown>): void =>
    void told.then(
      (value) => outcomes.push(JSON.stringify(value)),
      ({ outcome, code }: { outcome: string; code: string }) => outcomes.push(`${outcome} ${code}`),
    )
  note(client.request('sum', [1, 2]))
  note(client.request('sum', 'x'))
  await server.clock.advance(10)
  expect(outcomes).toEqual([])
  server.link.acknowledge(1, 3)
  server.link.reject(2, 'no-number', 'that is no number')
  await server.clock.until(() => outcomes.length === 2)
  expect(outcomes).toEqual(['3', 'rejected no-number'])
})

test('behaviours take turns, and the last one stays', async () => {
  const server = scriptedServer({
    behaves: inTurn(refuses(4200, 'busy', 3000), drops(), staysMute(), neverOpens(), welcomes()),
  })
  const client = join(server)
  await server.clock.until(client.ready())
  expect(server.links.map(({ closed, hello }) => [closed, hello !== null])).toEqual([
    [true, true],
    [true, true],
    [true, true],
    [true, true],
    [false, true],
  ])
  server.link.drop()
  await server.next()
  await server.clock.until(() => client.status === 'open')
  expect(server.links).toHaveLength(6)
})

test('from now on new links meet another behaviour', async () => {
  const server = scriptedServer({ behaves: refuses(4400, 'who are you?') })
  const client = join(server)
  await server.clock.until(() => server.links.length === 2)
  server.behaves(welcomes({ identity: 'ann' }))
  await server.clock.until(client.ready())
  expect(server.links).toHaveLength(3)
})

test('a goodbye with a stop code ends it, a close without one does not', async () => {
  const server = scriptedServer()
  const client = join(server)
  await server.clock.until(client.ready())
  server.link.close(1011, 'oops')
  await server.clock.until(() => server.links.length === 2 && client.status === 'open')
  server.link.bye(4000, 'enough')
  await server.clock.until(() => client.status === 'closed')
  expect(server.links).toHaveLength(2)
})

test('what no server should say goes only by raw, and costs the client the link', async () => {
  const server = scriptedServer()
  const client = join(server)
  await server.clock.until(client.ready())
  expect(() => server.link.event('chat', -1, 'x')).toThrow('raw()')
  expect(client.status).toBe('open')
  server.link.raw('[["event","chat",-1,"x"]]')
  await server.clock.until(() => server.links.length === 2 && client.status === 'open')
})

test('what does not come is told, with what came instead', async () => {
  const server = scriptedServer()
  expect(() => server.link).toThrow(expect.objectContaining({ code: 'no-link' }))
  await expect(server.next({ within: 100 })).rejects.toMatchObject({ code: 'timed-out' })
  const client = join(server)
  await server.clock.until(client.ready())
  await expect(server.link.next('send', { within: 100 })).rejects.toMatchObject({
    code: 'timed-out',
    message: expect.stringMatching(/"send".*\n.*"hello"/) as string,
  })
})

test('it listens where it is told, and faults of that network strike it', async () => {
  const network = memoryNetwork()
  const server = scriptedServer({ network })
  expect(server.network).toBe(network)
  expect(server.clock).toBe(network.clock)
  const client = join(server)
  await server.clock.until(client.ready())
  network.cut()
  await server.clock.until(() => server.links[0]!.closed)
  await server.clock.until(() => server.links.length === 2 && client.status === 'open')
})
