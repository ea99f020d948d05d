// Real clients and a real server on a network in memory. Nothing here takes time: a test says how long it would have taken.
import { afterEach, expect, test } from 'vitest'
import { createClient, webSocket, type Client, type ClientOptions } from '@holdfast/client'
import { createServer, RejectError, type Server } from '@holdfast/server'
import { memoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from '@holdfast/testing/memory'

const url = 'https://app.test/realtime'
const rigs: { clients: Client[]; server: Server; network: MemoryNetwork }[] = []

function createRig(options?: MemoryNetworkOptions) {
  const network = memoryNetwork(options)
  const server = createServer(network.serverOptions)
  const heard: unknown[] = []
  server.onMessage('chat', async (data) => {
    heard.push(data)
    await server.publish('chat', data)
    return `heard ${String(data)}`
  })
  network.attach(server)
  const rig = { network, server, clock: network.clock, heard, clients: [] as Client[] }
  rigs.push(rig)
  const join = (over: Partial<ClientOptions> = {}, at = url): Client => {
    const client = createClient(at, { ...network.clientOptions, ...over })
    rig.clients.push(client)
    return client
  }
  return { ...rig, join }
}

function read(client: Client): unknown[] {
  const messages: unknown[] = []
  client.subscribe('chat', (data) => messages.push(data), { since: 'start' })
  return messages
}

// Nothing stays armed, nobody stays connected: what a user's test leaves behind is nothing, too.
afterEach(async () => {
  for (const { network, server, clients } of rigs.splice(0)) {
    network.calm()
    await Promise.all([...clients.map((client) => client.close()), server.close()])
    await network.clock.advance(0)
    if (network.clock.armed > 0) throw new Error(`${network.clock.armed} timers left`)
    if (network.connections.length > 0) throw new Error(`${network.connections.length} connections left`)
  }
})

test('a client and a real server meet without a network, and no time passes', async () => {
  const { network, clock, join, heard } = createRig()
  const startedAt = clock.now()
  const client = join()
  const messages = read(client)
  expect(await client.request('chat', 'hi')).toBe('heard hi')
  await client.ready()
  expect(messages).toEqual(['hi'])
  expect(heard).toEqual(['hi'])
  expect(clock.now()).toBe(startedAt)
  expect(network.connections).toEqual([{ id: 1, kind: 'webSocket', path: '/realtime' }])
})

test('a lost connection comes back in virtual time, with what was missed', async () => {
  const { network, server, clock, join, heard } = createRig()
  const client = join()
  const messages = read(client)
  await client.ready()
  await clock.advance(0)
  expect(network.cut()).toBe(1)
  await clock.until(() => client.status === 'reconnecting')
  const receipt = client.send('chat', 'from afar')
  await server.publish('chat', 'missed')
  const before = clock.now()
  await clock.until(receipt)
  expect(clock.now()).toBeGreaterThan(before)
  expect(client.snapshot).toMatchObject({ status: 'open', resumed: true })
  await clock.advance(0)
  expect(messages).toEqual(['missed', 'from afar'])
  expect(heard).toEqual(['from afar'])
})

test('two runs with one seed are the same to the event', async () => {
  const once = async (seed: number): Promise<unknown> => {
    const { network, clock, join } = createRig({ seed })
    network.rule({ fault: 'delay', latency: 10, jitter: 50 })
    const client = join()
    await clock.until(client.ready())
    network.cut()
    for (let i = 0; i < 5; i++) await clock.until(client.request('chat', i))
    return network.events
  }
  const [first, same, other] = [await once(3), await once(3), await once(4)]
  expect(same).toEqual(first)
  expect(other).not.toEqual(first)
})

test('latency is felt each way, and a handshake costs a round trip more', async () => {
  const { network, clock, join } = createRig()
  network.rule({ fault: 'delay', latency: 100, kind: 'webSocket' })
  const startedAt = clock.now()
  const client = join()
  await clock.until(client.ready())
  expect(clock.now() - startedAt).toBe(400)
  await clock.until(client.request('chat', 'far'))
  expect(clock.now() - startedAt).toBe(600)
})

test('a half-open link is found by its silence, and taken over', async () => {
  const { network, server, clock, join } = createRig()
  const client = join()
  await client.ready()
  const undo = network.rule({ fault: 'black-hole', connections: 'existing' })
  const sent = client.send('chat', 'into the hole')
  const startedAt = clock.now()
  await clock.until(sent)
  expect(clock.now() - startedAt).toBeLessThanOrEqual(20_500)
  expect(client.snapshot.resumed).toBe(true)
  expect(server.sessions()).toHaveLength(1)
  // Its old connection is one that the server alone has closed: the client's goodbye fell into the hole.
  expect(network.connections.map(({ id }) => id)).toContain(2)
  undo()
})

test.each(['up', 'down'] as const)(
  'half-open, %s only: what was sent before and after is handled once',
  async (direction) => {
    const { network, clock, join, heard } = createRig()
    const client = join()
    const messages = read(client)
    await client.ready()
    await clock.advance(0)
    network.rule({ fault: 'black-hole', direction, connections: 'existing' })
    const sends = [1, 2, 3].map((n) => client.send('chat', n))
    await clock.until(Promise.all(sends))
    await clock.advance(1000)
    expect(heard).toEqual([1, 2, 3])
    expect(messages).toEqual([1, 2, 3])
  },
)

test.each([
  ['client', 0],
  ['target', 1],
] as const)('cut for the %s alone, the other one goes on believing', async (side, left) => {
  const { network, server, clock, join } = createRig()
  const client = join()
  await client.ready()
  network.cut({ side })
  await clock.advance(0)
  expect(client.status === 'open').toBe(side === 'target')
  expect(server.sessions().filter(({ transport }) => transport).length).toBe(1 - left)
  await clock.until(client.send('chat', 'x'))
  expect(client.status).toBe('open')
})

test('held messages come late, after the link has been replaced, and do no harm', async () => {
  const { network, clock, join, heard } = createRig()
  const client = join()
  await client.ready()
  const release = network.rule({ fault: 'hold', direction: 'up', connections: 'existing' })
  await clock.until(client.send('chat', 'once'))
  expect(heard).toEqual(['once'])
  release()
  await clock.advance(1000)
  expect(heard).toEqual(['once'])
  expect(network.connections.map(({ id }) => id)).toEqual([2])
})

test.each([
  ['drop-frame', 'dropped'],
  ['duplicate-frame', 'duplicated'],
] as const)('the n-th message may meet %s', async (fault, fate) => {
  const { network, clock, join, heard } = createRig()
  const client = join()
  const messages = read(client)
  await client.ready()
  await clock.advance(0)
  network.rule({ fault, direction: 'up', nth: 2 })
  network.rule({ fault, direction: 'down', nth: 2 })
  for (const n of [1, 2, 3, 4]) {
    client.send('chat', n).catch(() => {})
    await clock.advance(10)
  }
  await clock.until(client.flush())
  await clock.until(() => messages.length === 4)
  expect(heard).toEqual([1, 2, 3, 4])
  expect(messages).toEqual([1, 2, 3, 4])
  expect(network.events.filter((event) => event.type === 'frame' && event.fate === fate)).toHaveLength(2)
})

test('a late message holds back those behind it', async () => {
  const { network, clock, join, heard } = createRig()
  const client = join()
  await client.ready()
  network.rule({ fault: 'delay-frame', direction: 'up', ms: 500, nth: 1 })
  const startedAt = clock.now()
  const late = client.request('chat', 'late')
  await clock.advance(100)
  void client.send('chat', 'behind')
  expect(heard).toEqual([])
  await clock.until(late)
  expect(clock.now() - startedAt).toBe(500)
  expect(heard).toEqual(['late', 'behind'])
})

test('a link that opens and stays mute makes the client fall back, by the names of its transports', async () => {
  const { network, clock, join } = createRig()
  const undo = network.rule({ fault: 'mute', kind: 'webSocket' })
  const client = join({ transports: [network.transport(), network.transport('longPolling')] })
  await clock.until(client.ready())
  expect(client.snapshot.transport).toBe('longPolling')
  undo()
  await clock.until(() => client.snapshot.transport === 'webSocket')
})

test('down refuses everybody until up, and a number of connections can be refused', async () => {
  const { network, clock, join } = createRig()
  const client = join()
  await client.ready()
  network.down()
  await clock.advance(120_000)
  expect(client.status).toBe('reconnecting')
  expect(network.rules).toEqual([{ fault: 'refuse' }])
  network.up()
  await clock.until(client.ready())
  network.rule({ fault: 'refuse', times: 2 })
  const mark = network.mark()
  network.cut()
  await network.until({ type: 'upgrade' }, { since: mark })
  expect(network.events.filter((event) => event.index > mark && event.type === 'connection')).toHaveLength(3)
})

test('calm undoes everything, down included', async () => {
  const { network, clock, join } = createRig()
  network.down()
  network.rule({ fault: 'mute' })
  const client = join()
  await clock.advance(60_000)
  network.calm()
  expect(network.rules).toEqual([])
  await clock.until(client.ready())
})

test('before a server is attached, and after, connections are refused', async () => {
  const network = memoryNetwork()
  const client = createClient(url, network.clientOptions)
  await network.clock.advance(1000)
  expect(client.status).toBe('connecting')
  expect(client.snapshot.cause?.code).toBe(1006)
  const server = createServer(network.serverOptions)
  const detach = network.attach(server)
  await network.clock.until(client.ready())
  const other = createServer(network.serverOptions)
  network.attach(other)
  // The undo of one that has been replaced already undoes nothing.
  detach()
  network.cut()
  await network.clock.until(() => other.sessions().length === 1)
  await Promise.all([client.close(), server.close(), other.close()])
})

test('one client of several is struck by its URL', async () => {
  const { network, clock, join } = createRig()
  const [ada, bob] = [join({}, `${url}?ada`), join({}, `${url}?bob`)]
  await clock.until(Promise.all([ada.ready(), bob.ready()]))
  expect(network.cut({ path: /ada/ })).toBe(1)
  await clock.until(() => ada.status === 'reconnecting')
  expect(bob.status).toBe('open')
})

test('clients hear what the page would tell them', async () => {
  const { network, clock, join } = createRig()
  const client = join()
  await client.ready()
  network.down()
  await clock.advance(100_000)
  network.up()
  const retryAt = client.snapshot.retryAt!
  expect(retryAt).toBeGreaterThan(clock.now())
  network.signal('online')
  await client.ready()
  expect(clock.now()).toBeLessThan(retryAt)
})

test('a client that closes says so, and one that the server refuses learns why', async () => {
  const network = memoryNetwork()
  const server = createServer({
    ...network.serverOptions,
    authenticate: ({ credential }) => {
      if (credential === 'good') return { id: 'ada' }
      throw new RejectError('unauthenticated', 'who?')
    },
  })
  network.attach(server)
  const bad = createClient(url, { ...network.clientOptions, auth: 'bad', logger: { error() {} } })
  await network.clock.until(() => bad.status === 'closed')
  expect(bad.snapshot.cause?.code).toBe(4100)
  const good = createClient(url, { ...network.clientOptions, auth: 'good' })
  await network.clock.until(good.ready())
  expect(server.sessions()).toMatchObject([{ identity: { id: 'ada' } }])
  await good.close()
  await network.clock.advance(0)
  expect(server.sessions()).toEqual([])
  await server.close()
})

test('a hello that is too long for the handshake goes as the first message', async () => {
  const { clock, join } = createRig()
  const client = join({ autoConnect: false })
  for (let i = 0; i < 200; i++) client.subscribe(`topic/${'x'.repeat(40)}/${i}`)
  client.connect()
  await clock.until(client.ready())
  expect(await clock.until(client.request('chat', 'hi'))).toBe('heard hi')
})

test("the client's own WebSocket transport runs on the network's class", async () => {
  const { network, clock, join } = createRig()
  const client = join({ transports: [webSocket({ WebSocket: network.WebSocket })] })
  await clock.until(client.ready())
  network.cut()
  expect(await clock.until(client.request('chat', 'hi'))).toBe('heard hi')
  expect(client.snapshot.resumed).toBe(true)
})

test('rules that cannot mean anything are refused, and conditions that throw do not match', async () => {
  const { network, clock, join } = createRig()
  expect(() => network.rule({ fault: 'delay', latency: -1 })).toThrow(expect.objectContaining({ code: 'bad-rule' }))
  network.rule({
    fault: 'mute',
    when() {
      throw new Error('mistake in when')
    },
  })
  await clock.until(join().ready())
  expect(await network.until({ type: 'error' })).toMatchObject({ message: expect.stringContaining('mistake in when') })
})

test('until tells of what never comes, after so much virtual time', async () => {
  const { network, clock } = createRig()
  const startedAt = clock.now()
  const heard: string[] = []
  const off = network.on(({ type }) => heard.push(type))
  await expect(network.until({ type: 'upgrade' }, { timeout: 1000 })).rejects.toMatchObject({ code: 'timed-out' })
  expect(clock.now() - startedAt).toBe(1000)
  network.rule({ fault: 'mute' })
  off()
  network.calm()
  expect(heard).toEqual(['rule'])
})
