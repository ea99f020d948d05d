// As much of the package as is used; it has no types of its own.
declare module 'phoenix' {
  export class Socket {
    constructor(endPoint: string, options?: { transport?: typeof WebSocket })
    reconnectAfterMs(tries: number): number
    connect(): void
    disconnect(): void
    channel(topic: string): Channel
  }
  interface Channel {
    on(event: string, fn: (payload: { text: string }) => void): void
    push(event: string, payload: object): Push
    join(): Push
  }
  interface Push {
    receive(status: string, fn: (reply: unknown) => void): Push
  }
}
