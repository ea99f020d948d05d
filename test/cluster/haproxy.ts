// Debian's HAProxy in front of several nodes: every request goes to the next one, as if there were no such thing as a session.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { requireProgram } from '../../scripts/debian.ts'
import { endKept, spawnKept } from '../support/kept-process.ts'
import { freePort } from '../support/ports.ts'
import { until } from '../support/world.ts'

export interface Haproxy {
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** Where a node is from now on, by its place in the list. */
  move(node: number, port: number): Promise<void>
  /** Everything new goes to this node alone, until the returned function is called. */
  only(node: number): Promise<() => Promise<void>>
  /** Resolves when its checks have found that out. `NOLB`: it answers 404, and gets nothing new. */
  sees(node: number, state: 'UP' | 'DOWN' | 'NOLB'): Promise<void>
  close(): Promise<void>
}

/** What docs/running-a-server.md recommends, but with checks and limits for a test. */
const configOf = (folder: string, port: number, nodes: readonly number[]): string => `
global
  stats socket ${folder}/admin.sock mode 600 level admin
defaults
  mode http
  timeout connect 2s
  timeout client 90s
  timeout server 90s
  timeout check 2s
  option redispatch 1
frontend front
  bind 127.0.0.1:${port}
  default_backend nodes
backend nodes
  balance roundrobin
  option httpchk GET /health
  http-check disable-on-404
  default-server check inter 200ms fall 1 rise 1 on-marked-down shutdown-sessions
${nodes.map((each, n) => `  server node${n} 127.0.0.1:${each}`).join('\n')}
`

/** Runs a command of its runtime interface. */
async function command(socket: string, line: string): Promise<string> {
  const connection = createConnection(socket)
  connection.end(`${line}\n`)
  return text(connection)
}

/** The field `status` of a node, such as `UP` or `DOWN 1/2`. */
async function statusOf(socket: string, node: number): Promise<string> {
  const [head, ...rows] = (await command(socket, 'show stat')).split('\n').map((row) => row.split(','))
  return rows.find((row) => row[1] === `node${node}`)?.[head!.indexOf('status')] ?? ''
}

/** Starts HAProxy on a port of loopback. Rejects with code `no-haproxy` where there is none and none can be installed. */
export async function startHaproxy(nodes: readonly number[]): Promise<Haproxy> {
  const program = await requireProgram('haproxy')
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-haproxy-'))
  const [config, socket] = [join(folder, 'haproxy.cfg'), join(folder, 'admin.sock')]
  for (let tries = 1; ; tries++) {
    const port = await freePort()
    await writeFile(config, configOf(folder, port, nodes))
    const child = spawnKept(program, ['-db', '-f', config])
    let log = ''
    child.stderr!.on('data', (part) => (log += String(part)))
    const listens = (): Promise<boolean> => command(socket, 'show info').then(Boolean, () => child.exitCode !== null)
    await until(listens, 'HAProxy to listen')
    if (child.exitCode !== null) {
      if (tries < 5 && log.includes('cannot bind')) continue
      await rm(folder, { recursive: true, force: true })
      throw new Error(`HAProxy did not start:\n${log}`)
    }
    return {
      url: `http://127.0.0.1:${port}`,
      move: async (node, to) => void (await command(socket, `set server nodes/node${node} addr 127.0.0.1 port ${to}`)),
      async only(node) {
        const others = nodes.flatMap((_, n) => (n === node ? [] : [n]))
        const setAll = async (state: 'drain' | 'ready'): Promise<void> => {
          for (const other of others) await command(socket, `set server nodes/node${other} state ${state}`)
        }
        await setAll('drain')
        return () => setAll('ready')
      },
      sees: (node, state) =>
        until(async () => (await statusOf(socket, node)).split(' ')[0] === state, `node ${node} to be ${state}`),
      async close() {
        await endKept(child)
        await rm(folder, { recursive: true, force: true })
      },
    }
  }
}
