/** Topics in Redis: a stream for each, one step inside Redis for each operation, told to every node over publish and subscribe. */
import { randomBytes, randomInt } from 'node:crypto'
import type { Position } from '@holdfast/protocol'
import type { AppendedEntry, Entry, Log } from '@holdfast/server'
import { createConnection, createScript } from './connection.ts'
import { settleLog, type RedisLogOptions } from './options.ts'
import { pack, unpack } from './packets.ts'
import { APPEND, LOCATE, READ } from './scripts.ts'
import { createWatchers } from './watchers.ts'

const scripts = { append: createScript(APPEND), locate: createScript(LOCATE), read: createScript(READ) }

/** `epoch offset check data`; only the data may hold spaces. */
function decodeTold(message: Buffer): AppendedEntry {
  const first = message.indexOf(' ')
  const second = message.indexOf(' ', first + 1)
  const third = message.indexOf(' ', second + 1)
  const text = (from: number, to: number): string => message.toString('utf8', from, to)
  return {
    epoch: text(0, first),
    offset: Number(text(first + 1, second)),
    check: Number(text(second + 1, third)),
    data: unpack(message.subarray(third + 1)),
  }
}

type Reply = readonly (Buffer | number)[]
const positionIn = ([epoch, offset, check]: Reply): Position => [
  String(epoch),
  Number(String(offset)),
  Number(String(check)),
]

/**
 * A log that all nodes share and that outlives them. Needs Redis 6.2 or later, or Valkey.
 * @throws RedisError `bad-option`. Calls reject with `unavailable`, `closed`
 */
export function redisLog(options: RedisLogOptions): Log {
  const settings = settleLog(options)
  const { prefix, maxMessages, maxBytes, maxAge, quiet, isCluster } = settings
  const newCheck = (): number => randomInt(1, 2 ** 31)
  let check = newCheck()
  // Whenever Redis may not be what it was (restarted, restored, failed over), its history may be another one, and entries must tell.
  const renewCheck = (): void => {
    check = newCheck()
  }
  const connection = createConnection(settings, {}, renewCheck)

  /** In braces, what a cluster places it by: the same for all of a topic. */
  const baseOf = (topic: string): string =>
    `${prefix}:{${topic.replaceAll(/[%{}]/g, (brace) => encodeURIComponent(brace))}}`
  const channelOf = (topic: string): string => `${baseOf(topic)}:told`
  const keysOf = (topic: string): string[] => ['log', 'meta', 'ids'].map((part) => `${baseOf(topic)}:${part}`)
  const watchers = createWatchers(settings, channelOf, decodeTold)

  function run(
    script: keyof typeof scripts,
    topic: string,
    args: () => (string | number | Buffer)[],
  ): Promise<unknown> {
    const bounds = [maxAge + quiet, maxMessages, maxBytes, maxAge]
    return connection.run(scripts[script], keysOf(topic), () =>
      [randomBytes(9).toString('base64url'), ...bounds, ...args()].map((each) =>
        typeof each === 'number' ? String(each) : each,
      ),
    )
  }

  return {
    async append(topic, data, { dedupe = '' } = {}) {
      // So that who watches already is told of this one.
      await watchers.listening(topic).catch(() => {})
      // A cluster fails over without telling.
      if (isCluster) renewCheck()
      try {
        const reply = await run('append', topic, () => [pack(data), check, dedupe, channelOf(topic)])
        const [epoch, offset, of] = positionIn(reply as Reply)
        return { epoch, offset, check: of }
      } catch (error) {
        renewCheck()
        throw error
      }
    },
    async read(topic, after, { events, bytes }) {
      const reply = (await run('read', topic, () => [...after, events, bytes])) as Reply | null
      if (!reply) return null
      const [top, ...rest] = reply
      const entries: Entry[] = []
      for (let i = 0; i < rest.length; i += 3) {
        const [offset, of, data] = rest.slice(i, i + 3)
        entries.push({ offset: Number(String(offset)), check: Number(String(of)), data: unpack(data as Buffer) })
      }
      return { entries, top: Number(String(top)) }
    },
    async locate(topic, position) {
      // What is appended from here on has to be told: the position would be stale otherwise, and nobody would notice.
      await watchers.listening(topic)
      const reply = (await run('locate', topic, () => [...(position ?? ['', 0, 0]), position ? 1 : 0])) as Reply
      return { position: positionIn(reply), rolledBack: reply[3] === 1 }
    },
    watch: watchers.watch,
    async forget(topic) {
      if (watchers.has(topic)) return
      await connection.ready()
      await connection.client.unlink(...keysOf(topic))
    },
    close() {
      watchers.close()
      connection.close()
    },
  }
}
