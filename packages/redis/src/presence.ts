/** This node among the others: it shows life, and is told what others have for it. */
import type { Packet } from '@holdfast/protocol'
import type { StoreNode } from '@holdfast/server'
import type { Cluster } from 'ioredis'
import { createConnection, createScript, type Connection } from './connection.ts'
import { unavailable } from './errors.ts'
import type { SessionSettings } from './options.ts'
import { pack, unpack } from './packets.ts'
import { IS_ALIVE, LIVE, TELL } from './node-scripts.ts'
import { createTurns } from './turns.ts'

export interface Presence {
  /** `memory`: how long (ms) anything may name this node once it is gone. */
  join(node: StoreNode, memory: number): void
  /** Resolves when others can see and reach this node, at once but for the first time. */
  joined(): Promise<void>
  /** The connection stands again, and Redis may have forgotten. */
  refresh(): void
  isAlive(node: string): Promise<boolean>
  tell(node: string, message: Packet): Promise<boolean>
  close(): Promise<void>
}

const scripts = { live: createScript(LIVE), isAlive: createScript(IS_ALIVE), tell: createScript(TELL) }

export function createPresence(settings: SessionSettings, connection: Connection, name: string): Presence {
  const { prefix, lease, onError, isCluster } = settings
  const keyOf = (node: string): string => `${prefix}:node:{${node}}`
  const inTurn = createTurns()
  let subscriber: Connection | null = null
  let appeared: Promise<void> | null = null
  let listening: Promise<unknown> | null = null
  let show: () => Promise<unknown> = () => Promise.resolve()
  let timer: ReturnType<typeof setInterval> | undefined

  function refresh(): void {
    if (!subscriber) return
    // While it fails, so does every call.
    show().catch(() => {})
    // So that a connection that has died in silence is found out.
    if (!isCluster && subscriber.client.status === 'ready') subscriber.client.ping().catch(() => {})
  }
  function listen({ client }: Connection): void {
    listening = client.subscribe(keyOf(name))
    listening.catch((error: unknown) => {
      listening = null
      if (client.status === 'ready') onError(error as Error)
    })
  }
  async function appear(): Promise<void> {
    if (!subscriber) throw unavailable('join() comes first')
    await show()
    await subscriber.ready()
    await listening
  }
  /** A node of a cluster knows its own subscribers only. */
  async function isListenedTo(channel: string): Promise<boolean> {
    const nodes = (connection.client as Cluster).nodes('all')
    const counts = await Promise.all(nodes.map((node) => node.pubsub('NUMSUB', channel).catch(() => ['', 0])))
    return counts.some(([, count]) => Number(count) > 0)
  }

  return {
    join(node, memory) {
      const open: Connection = createConnection(settings, { autoResubscribe: false }, () => listen(open))
      subscriber = open
      open.client.on('messageBuffer', (_: Buffer, message: Buffer) => node.told(unpack(message)))
      show = () => connection.run(scripts.live, [keyOf(name)], () => [String(lease), String(lease + memory)])
      timer = setInterval(refresh, lease / 3)
      // It alone is no reason to keep a process.
      timer.unref()
    },
    joined() {
      if (!appeared) {
        appeared = appear()
        appeared.catch(() => (appeared = null))
      }
      return appeared
    },
    refresh,
    async isAlive(node) {
      return (await connection.run(scripts.isAlive, [keyOf(node)], () => [])) === 1
    },
    async tell(node, message) {
      const channel = keyOf(node)
      if (!isCluster) return (await connection.command('PUBLISH', channel, pack(message))) !== 0
      // One after another, by way of the one server that has the key: others might overtake it.
      return inTurn(node, async () => {
        await connection.ready()
        if (!(await isListenedTo(channel))) return false
        await connection.run(scripts.tell, [channel], () => [channel, pack(message)])
        return true
      })
    },
    async close() {
      clearInterval(timer)
      subscriber?.close()
      if (subscriber && connection.client.status === 'ready')
        await connection.command('DEL', keyOf(name)).catch((error: unknown) => onError(error as Error))
    },
  }
}
