// Where examples are run that name a server: one that the test plays takes its place.
import { readFileSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import type { Example } from './pages.ts'
import { bundle, makeFolder, run, writeExample, type Run } from './workshop.ts'

/** What a browser has, and what readers have of their own. Node 20 has no WebSocket. */
const AROUND = `
import { WebSocket as Socket } from 'ws'
Object.assign(globalThis, {
  WebSocket: Socket,
  localStorage: { getItem: () => 'stored' },
  freshToken: async () => 'fresh',
})
`

export interface Stage {
  /** Serves on any free port of this machine; gives host and port. */
  listen(server: Server): Promise<string>
  /** Runs an example, with something else in the place of what it names. */
  start(example: Example, changes: { readonly [from: string]: string }): Promise<Run>
  /** Ends what was started. */
  clear(): Promise<void>
}

export function createStage(): Stage {
  const runs: Run[] = []
  const servers: Server[] = []
  return {
    async listen(server) {
      servers.push(server)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return `127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    async start(example, changes) {
      const folder = makeFolder(`stage-${example.page.replaceAll('/', '.')}-${example.line}`)
      const path = writeExample(folder, example)
      let code = readFileSync(path, 'utf8')
      for (const [from, to] of Object.entries(changes)) {
        expect(code).toContain(from)
        code = code.replaceAll(from, to)
      }
      writeFileSync(path, AROUND + code)
      const started = run(await bundle(path))
      runs.push(started)
      return started
    },
    async clear() {
      for (const one of runs) one.stop()
      await Promise.all(runs.splice(0).map(({ ended }) => ended))
      for (const server of servers.splice(0)) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
}
