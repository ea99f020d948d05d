// A `fetch` whose every answer the test gives, for the HTTP transports in virtual time.
import { settled } from './virtual-clock.ts'

/** One request, to be answered. */
export interface Call {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: unknown
  readonly aborted: boolean
  answer(status: number, body?: string | Uint8Array<ArrayBuffer>, type?: string): Promise<void>
  /** Answers with an event stream; returns what writes to it, null ends it. */
  stream(): Promise<(text: string | null) => Promise<void>>
  fails(): Promise<void>
}

export function createScriptedFetch() {
  const calls: Call[] = []
  const fetch = (url: string, { method = 'GET', headers, body, signal }: RequestInit): Promise<Response> =>
    new Promise((resolve, reject) => {
      let aborted = false
      signal?.addEventListener('abort', () => {
        aborted = true
        reject(new DOMException('aborted', 'AbortError'))
      })
      calls.push({
        url,
        method,
        headers: new Headers(headers),
        body,
        get aborted() {
          return aborted
        },
        async answer(status, text = '', type = 'application/json') {
          resolve(new Response(status === 204 ? null : text, { status, headers: { 'content-type': type } }))
          await turns()
        },
        async stream() {
          let write!: ReadableStreamDefaultController<Uint8Array>
          const stream = new ReadableStream<Uint8Array>({ start: (controller) => void (write = controller) })
          resolve(new Response(stream, { headers: { 'content-type': 'text/event-stream' } }))
          await turns()
          return async (text) => {
            if (text === null) write.close()
            else write.enqueue(new TextEncoder().encode(text))
            await turns()
          }
        },
        async fails() {
          reject(new TypeError('network'))
          await turns()
        },
      })
    })
  return {
    fetch: fetch as typeof globalThis.fetch,
    calls,
    /** The newest request. */
    get call(): Call {
      return calls.at(-1)!
    },
  }
}

/** Bodies are read in turns of the event loop, not only in microtasks. */
async function turns(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await settled()
    await new Promise((resolve) => setImmediate(resolve))
  }
}
