// Debian's nginx in front of a server, as its administrators configure it: well, or the way that breaks real-time connections.
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireProgram } from '../../scripts/debian.ts'
import { endKept, spawnKept } from '../support/kept-process.ts'
import { freePort } from '../support/ports.ts'

export interface NginxOptions {
  /** Port of the server behind, on 127.0.0.1; of several, requests go to one after the other. */
  target: number | readonly number[]
  /** Whether it passes a WebSocket's upgrade on. Without, the server behind sees a plain GET. @default true */
  upgrade?: boolean
  /**
   * Whether it buffers answers (`proxy_buffering`, on unless an administrator says otherwise). That holds events back over HTTP/1.0
   * alone, until 4 KiB have gathered or the stream is over: what comes in chunks passes at once. @default false
   */
  buffering?: boolean
  /** What it speaks to the server behind; unless an administrator says otherwise, 1.0. @default '1.1' */
  httpVersion?: '1.0' | '1.1'
  /** After how many seconds without a byte from the server it cuts (`proxy_read_timeout`). @default 60, as nginx's own */
  readTimeout?: number
}

export interface Nginx {
  readonly port: number
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** Requests that are over: one line each, `GET /path 101`. */
  accessLog(): Promise<string[]>
  /** What it complained of so far. */
  errorLog(): string
  close(): Promise<void>
}

const upgradeHeaders = `
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;`

const configOf = (folder: string, port: number, options: NginxOptions): string => `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr notice;
events { worker_connections 1024; }
http {
  log_format short '$request_method $request_uri $status';
  access_log ${folder}/access.log short;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream nodes {
${[options.target]
  .flat()
  .map((target) => `    server 127.0.0.1:${target};`)
  .join('\n')}
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://nodes;
      proxy_http_version ${options.httpVersion ?? '1.1'};
      proxy_set_header Host $http_host;${(options.upgrade ?? true) ? upgradeHeaders : "\n      proxy_set_header Connection '';"}
      proxy_buffering ${(options.buffering ?? false) ? 'on' : 'off'};
      proxy_read_timeout ${options.readTimeout ?? 60}s;
    }
  }
}
`

interface Running {
  child: ChildProcess
  log(): string
}

/** Resolves when it listens; `null`: the port was taken in the meantime. */
async function run(nginx: string, folder: string, port: number, options: NginxOptions): Promise<Running | null> {
  const config = join(folder, 'nginx.conf')
  await writeFile(config, configOf(folder, port, options))
  const args = ['-e', 'stderr', '-p', folder, '-c', config]
  const child = spawnKept(nginx, args)
  let log = ''
  const begun = new Promise<boolean>((resolve) => {
    child.stderr!.on('data', (part: Buffer) => {
      log += part.toString()
      // Its last notice before it serves: it listens by then.
      if (log.includes('getrlimit(RLIMIT_NOFILE)')) resolve(true)
    })
    child.on('close', () => resolve(false))
  })
  const late = setTimeout(() => child.stdin!.end(), 20_000)
  const listens = await begun
  clearTimeout(late)
  if (listens) return { child, log: () => log }
  child.stdin!.end()
  if (log.includes('Address already in use')) return null
  throw new Error(`nginx did not start:\n${log}`)
}

/** Starts nginx on a port of loopback. Rejects with code `no-nginx` where there is none and none can be installed. */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const nginx = await requireProgram('nginx')
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-nginx-'))
  const discard = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    for (let tries = 1; tries <= 5; tries++) {
      const port = await freePort()
      const running = await run(nginx, folder, port, options)
      if (!running) continue
      return {
        port,
        url: `http://127.0.0.1:${port}`,
        accessLog: async () => (await readFile(join(folder, 'access.log'), 'utf8')).split('\n').filter(Boolean),
        errorLog: running.log,
        async close() {
          await endKept(running.child)
          await discard()
        },
      }
    }
  } catch (error) {
    await discard()
    throw error
  }
  await discard()
  throw new Error('nginx found no free port in five tries')
}
