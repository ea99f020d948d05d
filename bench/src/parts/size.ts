// What a page pays for each library: what it takes to connect, listen and send, minified and gzipped, as in scripts/size.mjs.
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import type { Row } from '../results.ts'

const entries: Record<string, string> = {
  partysocket: "export { WebSocket } from 'partysocket'",
  phoenix: "export { Socket } from 'phoenix'",
  'socket.io': "export { io } from 'socket.io-client'",
  signalr: "export { HubConnectionBuilder } from '@microsoft/signalr'",
  centrifuge: "export { Centrifuge } from 'centrifuge'",
  holdfast: "export { connect, webSocket } from '@holdfast/client'",
  'holdfast, 3 transports': "export { connect } from '@holdfast/client/auto'",
}

export async function measureSizes(root: URL): Promise<Row[]> {
  const measured = Object.entries(entries).map(async ([contestant, contents]): Promise<Row> => {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: fileURLToPath(root) },
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2020',
      define: { 'process.env.NODE_ENV': '"production"' },
      write: false,
      logLevel: 'error',
    })
    const bytes = gzipSync(outputFiles[0]!.contents, { level: 9 }).length
    return { contestant, measure: 'min+gzip', unit: 'bytes', values: [bytes] }
  })
  return Promise.all(measured)
}
