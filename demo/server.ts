// `npm start`: PORT for the page (8080), REALTIME_PORT for its realtime connection (the next one), HOST to listen on (127.0.0.1).
import { startDemo } from './service/demo.ts'

const port = Number(process.env.PORT ?? 8080)
const host = process.env.HOST ?? '127.0.0.1'
const realtimePort = Number(process.env.REALTIME_PORT ?? (port === 0 ? 0 : port + 1))
// Seen from demo/dist, where this is built to.
const files = {
  assets: new URL('../', import.meta.url),
  library: new URL('../../packages/client/dist/', import.meta.url),
  script: new URL('main.js', import.meta.url),
}

try {
  const demo = await startDemo({ files, port, realtimePort, host })
  console.log(`Holdfast demo: http://localhost:${demo.port}  (Ctrl+C ends it)`)
  const end = (): void => void demo.close().then(() => process.exit(0))
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
} catch (error) {
  console.error(`The demo cannot start: ${String(error)}. Is the port taken? Try PORT=8090 npm start`)
  process.exit(1)
}
