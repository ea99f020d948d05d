// Clients as bare as can be, to see what the servers do by themselves. Everything that a test opens is closed by `closeAll`.
import { WebSocket } from 'ws'
import { until } from '../support/world.ts'

const cleanups: (() => unknown)[] = []

/** Closes it when the test is over, the latest first. */
export function closing<T extends { close(): unknown }>(closable: T): T {
  cleanups.push(() => closable.close())
  return closable
}

export async function closeAll(): Promise<void> {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
}

export interface RawSocket {
  readonly received: string[]
  say(message: unknown): void
  sendBytes(bytes: Uint8Array): void
  /** What has been received, once there are so many. */
  heard(count: number): Promise<string[]>
  /** Resolves with the close code, 1006 when it was cut. */
  readonly closed: Promise<number>
}

/** Rejects with the error if it does not open. Text is said as it is, anything else as JSON. */
export async function openSocket(url: string, protocols: string[] = []): Promise<RawSocket> {
  const socket = new WebSocket(url, protocols)
  const received: string[] = []
  socket.on('message', (data) => received.push((data as Buffer).toString()))
  const closed = new Promise<number>((resolve) => socket.on('close', resolve))
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject))
  closing({ close: () => socket.terminate() })
  return {
    received,
    say: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    sendBytes: (bytes) => socket.send(bytes),
    async heard(count) {
      await until(() => received.length >= count, `message ${count}`, 15_000)
      return received
    },
    closed,
  }
}

/** One event of a stream. */
interface RawEvent {
  event: string
  data: string
  id: string
}

export interface RawStream {
  readonly response: Response
  /** All of it, as it came. */
  text(): string
  events(): RawEvent[]
  heard(count: number): Promise<RawEvent[]>
  /** Resolves when the stream is over, however that came. */
  readonly ended: Promise<void>
}

function parse(text: string): RawEvent[] {
  const fieldsOf = (block: string, name: string): string[] =>
    block.split('\n').flatMap((line) => (line.startsWith(`${name}: `) ? [line.slice(name.length + 2)] : []))
  return text.split('\n\n').flatMap((block) => {
    const data = fieldsOf(block, 'data')
    if (data.length === 0) return []
    return [
      { event: fieldsOf(block, 'event')[0] ?? 'message', data: data.join('\n'), id: fieldsOf(block, 'id')[0] ?? '' },
    ]
  })
}

export async function openStream(url: string, lastEventId?: number): Promise<RawStream> {
  const abort = new AbortController()
  closing({ close: () => abort.abort() })
  const headers: HeadersInit = lastEventId === undefined ? {} : { 'Last-Event-ID': String(lastEventId) }
  const response = await fetch(url, { headers, signal: abort.signal })
  let text = ''
  const read = async (): Promise<void> => {
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) text += part
  }
  const events = (): RawEvent[] => parse(text.slice(0, text.lastIndexOf('\n\n') + 2))
  return {
    response,
    text: () => text,
    events,
    async heard(count) {
      await until(() => events().length >= count, `event ${count}`, 15_000)
      return events()
    },
    ended: read().catch(() => {}),
  }
}

/** Posts it as JSON and reads the answer as JSON. */
export async function post(url: string, message: unknown): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(message) })
  return response.json()
}

/** One poll. */
export async function poll(url: string, since: number): Promise<{ seq: number }[]> {
  const response = await fetch(`${url}?since=${since}`)
  return (await response.json()) as { seq: number }[]
}
