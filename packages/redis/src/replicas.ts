/**
 * Waits until replicas have what has been written, on a connection of its own: Redis keeps everything waiting that comes after WAIT on the same one. What is
 * to be confirmed while a round is under way shares the next.
 */
import { Cluster } from 'ioredis'
import { createConnection } from './connection.ts'
import { unavailable } from './errors.ts'
import type { SessionSettings } from './options.ts'
import { MARK } from './node-scripts.ts'

export interface Replicas {
  /**
   * Resolves when enough replicas have all that has been answered so far by the server of this key, under this history. Rejects with `unavailable` if
   * they have not in time, or if another server has taken its place.
   */
  confirm(key: string, history: string): Promise<void>
  close(): void
}

/** One round: a mark is written after everything that it is to confirm. */
interface Round {
  key: string
  result: Promise<string>
}

export function createReplicas(settings: SessionSettings): Replicas {
  const { replicas, timeout } = settings
  // WAIT is silent until its own time is over.
  const connection = createConnection(settings, { socketTimeout: timeout * 2 }, () => {})
  const { client } = connection
  /** By server: the round that is under way, and the one after it. */
  const rounds = new Map<string, { current: Promise<unknown>; next: Round | null }>()

  /** Each server of a cluster has replicas of its own. A slot stands for its server. */
  const serverOf = (key: string): string => (client instanceof Cluster ? key : '')

  /** Resolves with the history under which it was confirmed. */
  async function ask(key: string): Promise<string> {
    await connection.ready()
    const replies = await client.pipeline().call('EVAL', MARK, 1, key).call('WAIT', replicas, timeout).exec()
    const [[markError, history] = [null], [waitError, count] = [null]] = replies ?? []
    if (markError || waitError) throw unavailable('replicas could not be asked', markError ?? waitError)
    if (Number(count) < replicas) throw unavailable(`${String(count)} of ${replicas} replicas have confirmed in time`)
    return String(history)
  }
  function join(server: string, key: string): Promise<string> {
    const line = rounds.get(server)
    if (!line) {
      const current = ask(key)
      const entry = { current, next: null }
      rounds.set(server, entry)
      advanceAfter(server, current)
      return current
    }
    line.next ??= {
      key,
      result: line.current.then(
        () => ask(key),
        () => ask(key),
      ),
    }
    return line.next.result
  }
  function advanceAfter(server: string, round: Promise<unknown>): void {
    const leave = (): void => {
      const { next } = rounds.get(server)!
      if (!next) return void rounds.delete(server)
      rounds.set(server, { current: next.result, next: null })
      advanceAfter(server, next.result)
    }
    round.then(leave, leave)
  }

  return {
    async confirm(key, history) {
      const confirmed = await join(serverOf(key), key)
      if (confirmed !== history) throw unavailable('it has failed over before replicas have confirmed')
    },
    close: connection.close,
  }
}
