/** Who is told of appended entries on this node: one subscription in Redis per topic that somebody watches. */
import type { AppendedEntry } from '@holdfast/server'
import { createConnection, type Connection } from './connection.ts'
import type { ConnectionSettings } from './options.ts'

type Told = (entry: AppendedEntry) => void

export interface Watchers {
  watch(topic: string, told: Told): () => void
  has(topic: string): boolean
  /** Resolves when entries appended from now on will be told, at once for a topic that nobody watches. */
  listening(topic: string): Promise<void>
  close(): void
}

interface Watched {
  readonly told: Set<Told>
  /** Since the connection stands. */
  listening: Promise<unknown> | null
}

/** Says only: something may have been missed, read what follows your position. No epoch is empty. */
const LOOK: AppendedEntry = { epoch: '', offset: 0, check: 0, data: '' }

export function createWatchers(
  settings: ConnectionSettings,
  channelOf: (topic: string) => string,
  decode: (message: Buffer) => AppendedEntry,
): Watchers {
  /** By channel. */
  const topics = new Map<string, Watched>()
  let hasStood = false
  const connection: Connection = createConnection(settings, { autoResubscribe: false }, () => {
    for (const [channel, watched] of topics) {
      listen(channel, watched)
      // Nothing was told while there was no connection. Before the first one nobody had a position.
      if (hasStood) watched.listening?.then(() => tell(watched, LOOK), settings.onError)
    }
    hasStood = true
  })
  const { client } = connection

  function tell({ told }: Watched, entry: AppendedEntry): void {
    for (const each of told) each(entry)
  }
  function listen(channel: string, watched: Watched): void {
    watched.listening = client.subscribe(channel)
    watched.listening.catch(() => {
      watched.listening = null
    })
  }
  client.on('messageBuffer', (channel: Buffer, message: Buffer) => {
    const watched = topics.get(channel.toString())
    if (watched) tell(watched, decode(message))
  })
  client.on('close', () => {
    for (const watched of topics.values()) watched.listening = null
  })

  return {
    watch(topic, told) {
      const channel = channelOf(topic)
      let watched = topics.get(channel)
      if (!watched) {
        watched = { told: new Set(), listening: null }
        topics.set(channel, watched)
        if (client.status === 'ready') listen(channel, watched)
      }
      watched.told.add(told)
      return () => {
        if (!watched.told.delete(told) || watched.told.size || topics.get(channel) !== watched) return
        topics.delete(channel)
        // If that fails, the connection is gone, and with it the subscription.
        client.unsubscribe(channel).catch(() => {})
      }
    },
    has: (topic) => topics.has(channelOf(topic)),
    async listening(topic) {
      const channel = channelOf(topic)
      const watched = topics.get(channel)
      if (!watched) return
      await connection.ready()
      if (!watched.listening) listen(channel, watched)
      await watched.listening
    },
    close: connection.close,
  }
}
