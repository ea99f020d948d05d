// Where examples are made ready: a folder that git, the formatter and the linter ignore, inside the repository so that packages resolve.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Example } from './pages.ts'

/** What examples take for granted: the reader's own functions, and things made in an example before. */
const ASSUMED = `
declare const client: import('@holdfast/client').Client<{ prices: number; orders: { sku: number } }>
declare const server: import('@holdfast/server').Server<{ orders: { sku: number } }>
declare const realtime: import('@holdfast/server').Server<Record<string, unknown>>
declare const httpServer: import('node:http').Server
declare const db: { query(sql: string, values: unknown[]): Promise<unknown[]> }
declare const stored: import('@holdfast/client').Position | undefined
declare function store(position: import('@holdfast/client').Position | null): void
declare function userOf(credential: unknown): Promise<{ name: string; expiresAt: number } | null>
declare function find(topic: string, query: unknown, identity: unknown): Promise<string[]>
declare function draw(price: number, offset: number, replayed: boolean): void
declare function show(message: string): void
declare function reloadEverything(): void
declare function keepForLater(): void
declare function askWhetherItArrived(): void
declare function freshToken(): Promise<string>
declare const Holdfast: typeof import('@holdfast/client/auto')
declare module 'https://unpkg.com/*' {
  export * from '@holdfast/client/auto'
}
declare module '*.vue' {
  export default {}
}
declare module 'reconnecting-websocket' {
  interface Options {
    maxReconnectionDelay?: number
    connectionTimeout?: number
    maxRetries?: number
    maxEnqueuedMessages?: number
  }
  export default class ReconnectingWebSocket extends WebSocket {
    constructor(url: () => Promise<string>, protocols: string[], options: Options)
  }
}
declare module 'socket.io-client' {
  interface Emitter {
    emit(event: string, data: unknown, ack?: (reply: unknown) => void): void
  }
  interface Socket extends Emitter {
    readonly recovered: boolean
    readonly volatile: Emitter
    on(event: string, listener: (data: unknown) => void): void
  }
  export function io(url: string, options: { auth: object }): Socket
}
declare module 'express' {
  export default function express(): import('node:http').RequestListener
}
`
const CONFIG = {
  extends: '../../../../tsconfig.json',
  // With the newest libraries, as whoever copies an example may have them; the sources are checked elsewhere.
  compilerOptions: { noUnusedLocals: false, jsx: 'react-jsx' },
  include: ['**/*.ts', '**/*.tsx'],
  exclude: [],
}

/** An empty folder of that name. */
export function makeFolder(name: string): string {
  const folder = join('test/docs/dist', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Writes an example at the lines it has on its page, so that faults name them. A page's examples share a folder. */
export function writeExample(folder: string, { page, line, language, name, code }: Example): string {
  const home = join(folder, page.replaceAll('/', '.'))
  mkdirSync(home, { recursive: true })
  const path = join(home, name?.replace(/\.js$/, '.ts') ?? `line-${line}.${language === 'tsx' ? 'tsx' : 'ts'}`)
  // Pages name files of the repository from where they are.
  const placed = code.replaceAll(`'../test/`, `'../../../../../test/`)
  writeFileSync(path, '\n'.repeat(line - 1) + placed + 'export {}\n')
  return path
}

/** What the compiler finds wrong with everything in the folder, one line each. */
export function typeFaults(folder: string): string[] {
  writeFileSync(join(folder, 'assumed.d.ts'), ASSUMED)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(CONFIG))
  const tsc = 'node_modules/@typescript/native/bin/tsc'
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' })
  // Faults of the sources themselves are for the type check to tell.
  return (stdout + stderr).split('\n').filter((fault) => fault.startsWith(folder) || fault.startsWith('error'))
}

/** Bundles a file with the sources of our packages, for Node. */
export async function bundle(path: string): Promise<string> {
  const outfile = path.replace(/\.ts$/, '.mjs')
  await build({
    entryPoints: [path],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@holdfast/source'],
    external: ['ws', 'mitt', '@msgpack/msgpack'],
    logLevel: 'error',
  })
  return outfile
}

export interface Run {
  /** Resolves when that has been printed; rejects when the process ends without it. */
  prints(text: string): Promise<void>
  /** The same for a pattern; gives its first group. */
  finds(pattern: RegExp): Promise<string>
  /** Resolves when the process has ended by itself, with all it has printed. */
  ended: Promise<string>
  stop(): void
}

/** Runs a file with this Node, in its folder. */
export function run(path: string): Run {
  const child = spawn(process.execPath, [join(process.cwd(), path)], { cwd: join(path, '..') })
  let output = ''
  let heard = (): void => {}
  const hear = (piece: unknown): void => {
    output += String(piece)
    heard()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const ended = new Promise<string>((resolve) => child.once('close', () => resolve(output)))
  const finds = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      heard = () => {
        const found = pattern.exec(output)
        if (found) resolve(found[1] ?? found[0])
      }
      heard()
      void ended.then(() => reject(new Error(`${path} ended without printing ${pattern}:\n${output}`)))
    })
  return {
    ended,
    finds,
    prints: async (text) => void (await finds(new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))),
    stop: () => void child.kill(),
  }
}
