/** Sessions in Redis: a record for each, one step inside Redis for each call, so that any node serves any session. */
import { randomBytes } from 'node:crypto'
import type { Packet } from '@holdfast/protocol'
import type { SessionStore } from '@holdfast/server'
import { createConnection, createScript, type Connection } from './connection.ts'
import { settleSessions, type RedisSessionsOptions } from './options.ts'
import { pack, unpack } from './packets.ts'
import { createPresence } from './presence.ts'
import { createReplicas } from './replicas.ts'
import {
  batchArguments,
  claimArguments,
  maybe,
  readClaim,
  readSeized,
  readWhereabouts,
  readWritten,
  sayFarewell,
  type Argument,
  type Reply,
} from './session-replies.ts'
import { BURY, CLAIM, CREATE, DETACH, END, FIND, SEIZE, TOUCH, WRITE } from './session-scripts.ts'
import { createTurns } from './turns.ts'

const scripts = {
  create: createScript(CREATE),
  claim: createScript(CLAIM),
  write: createScript(WRITE),
  seize: createScript(SEIZE),
  touch: createScript(TOUCH),
  detach: createScript(DETACH),
  bury: createScript(BURY),
  end: createScript(END),
  find: createScript(FIND),
}

/** So many go out at once where there may be thousands: what else is to be done must not wait behind all of them. */
const CROWD = 100

/** Braces decide where a cluster keeps a key. */
const escape = (name: string): string => name.replaceAll(/[%{}]/g, (each) => encodeURIComponent(each))

/**
 * Sessions that all nodes share and that outlive them: no load balancer has to be sticky. Needs Redis 6.2 or later, or Valkey. Each server takes one of its own.
 * @throws RedisError `bad-option`. Calls reject with `unavailable`, `closed`
 */
export function redisSessions(options: RedisSessionsOptions): SessionStore {
  const settings = settleSessions(options)
  const { prefix, replicas: least, durable, isCluster } = settings
  const node = randomBytes(12).toString('base64url')
  const inTurn = createTurns()
  const connection: Connection = createConnection(settings, {}, () => {
    // Ahead of everything that waits; else each call of a crowd would send its script.
    if (!isCluster) for (const { lua } of Object.values(scripts)) connection.client.script('LOAD', lua).catch(() => {})
    presence.refresh()
  })
  const presence = createPresence(settings, connection, node)
  const replicas = least ? createReplicas(settings) : null
  let keep: readonly string[] = []

  function keysOf(id: string): [string, string, string] {
    const key = `${prefix}:session:{${escape(id)}}`
    return [key, `${key}:pending`, `${key}:results`]
  }
  const keptAt = (name: string): string => `${prefix}:kept:{${escape(name)}}`

  function run(script: keyof typeof scripts, id: string, args: readonly Argument[]): Promise<unknown> {
    const all = [...keep, durable ? '1' : '0', ...args]
    return inTurn(id, async () => {
      // Others have to see this node before they find it in a record.
      await presence.joined()
      return connection.run(scripts[script], keysOf(id), () => all)
    })
  }
  /** What tells of results may be told to clients only when replicas have them, too. */
  async function runConfirmed(script: keyof typeof scripts, id: string, args: readonly Argument[]): Promise<Reply> {
    const reply = (await run(script, id, args)) as Reply
    if (replicas) await replicas.confirm(`${keysOf(id)[0]}:mark`, String(reply[1]))
    return reply
  }
  return {
    level: least ? 'replicated' : 'appended',
    node,
    join(told, { window, tombstone }) {
      keep = [String(window), String(tombstone)]
      presence.join(told, window + tombstone)
    },
    async create({ id, proof, identity, codec, createdAt, incarnation, holder }) {
      const numbers = [String(createdAt), String(incarnation)]
      await run('create', id, [proof, maybe(identity), codec, ...numbers, holder])
    },
    async claim(claim) {
      return readClaim(await runConfirmed('claim', claim.id, claimArguments(claim)), claim.settled)
    },
    async write(id, holder, batch) {
      return readWritten(await runConfirmed('write', id, batchArguments(holder, batch)))
    },
    async seize(id, holder, from) {
      return readSeized(await runConfirmed('seize', id, [holder, ...from.map((each) => each ?? '')]))
    },
    async touch(sessions) {
      const lost: string[] = []
      for (let i = 0; i < sessions.length; i += CROWD) {
        const some = sessions.slice(i, i + CROWD)
        const kept = await Promise.all(some.map(([id, holder]) => run('touch', id, [holder])))
        lost.push(...some.filter((_, n) => kept[n] !== 1).map(([id]) => id))
      }
      return lost
    },
    async detach(id, holder, farewell) {
      await run('detach', id, [holder, sayFarewell(farewell)])
    },
    async bury(id, holder, farewell) {
      return (await run('bury', id, [holder, sayFarewell(farewell)])) === 1
    },
    async end(id, incarnation) {
      return (await run('end', id, [String(incarnation)])) === 1
    },
    async find(id, proof) {
      return readWhereabouts((await run('find', id, [proof ?? ''])) as Reply | null)
    },
    isAlive: presence.isAlive,
    tell: presence.tell,
    async put(name: string, value: Packet, ms: number) {
      await connection.command('SET', keptAt(name), pack(value), 'PX', String(ms))
    },
    async take(name) {
      const value = (await connection.command('GETDEL', keptAt(name))) as Buffer | null
      return value && unpack(value)
    },
    async close() {
      await presence.close()
      replicas?.close()
      connection.close()
    },
  }
}
