// text.ts
import { plain, text, webSocket, type ClientOptions } from '@holdfast/client/plain'

export const options: ClientOptions = {
  transports: [webSocket()],
  heartbeat: { interval: 20_000, grace: 5_000 },
  dialect: plain({
    codec: text,
    ping: 'ping',
    isPong: (message) => message === 'pong',
  }),
}
