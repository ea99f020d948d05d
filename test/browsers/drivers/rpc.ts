// Questions and answers over a WebSocket, as the DevTools protocol and WebDriver BiDi have them.
import { WebSocket } from 'ws'

export interface Rpc {
  call(method: string, params?: object, session?: string): Promise<Answer>
  close(): void
}
type Answer = { readonly [name: string]: unknown }

interface Reply {
  readonly id?: number
  readonly result?: Answer
  /** Text in BiDi, an object in DevTools. */
  readonly error?: unknown
  readonly message?: string
}

export async function connectRpc(url: string): Promise<Rpc> {
  const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 0 })
  const waiting = new Map<number, (reply: Reply) => void>()
  let last = 0
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.on('message', (text: Buffer) => {
    const reply = JSON.parse(text.toString()) as Reply
    waiting.get(reply.id ?? 0)?.(reply)
  })
  socket.on('close', () => {
    for (const answer of waiting.values()) answer({ error: 'the browser is gone' })
  })
  return {
    call(method, params = {}, sessionId) {
      const id = ++last
      return new Promise((resolve, reject) => {
        waiting.set(id, ({ result, error, message }) => {
          waiting.delete(id)
          if (error === undefined) resolve(result ?? {})
          else reject(new Error(`${method}: ${message ?? JSON.stringify(error)}`))
        })
        socket.send(JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) }))
      })
    },
    close: () => socket.close(),
  }
}
