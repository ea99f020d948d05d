// What a run leaves: one file for each part, with the value of every round, and with what it ran on.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'

/** One figure of one contestant: a value for each round. */
export interface Row {
  contestant: string
  /** `send`, `receive`, ... with what was varied: `send 64 B`. */
  measure: string
  unit:
    | 'messages/s'
    | 'messages'
    | 'clients'
    | 'ms'
    | 'ms CPU / 100,000'
    | 'bytes'
    | 'KB'
    | 'round trips'
    | 'clients/s'
    | '%'
    | '% of a core'
    | 's'
  values: number[]
}

export interface Part {
  date: string
  machine: { cpu: string; cores: number; memory: string; node: string; chromium?: string; load: number }
  /** Of each library, as installed. */
  versions: Record<string, string>
  rounds: number
  rows: Row[]
  /** What is drawn over time: a value for each second. */
  series?: Record<string, number[]>
}

export const parts = ['node', 'chromium', 'heap', 'size', 'recovery', 'storm', 'load'] as const
export type PartName = (typeof parts)[number]

const libraries = [
  'ws',
  'partysocket',
  'socket.io',
  'socket.io-client',
  '@microsoft/signalr',
  'centrifuge',
  'phoenix',
  '@holdfast/client',
]

const GIB = 2 ** 30

/** `load`: of the machine before it began, as `loadBefore` told. */
export function describe(root: URL, load: number, chromium?: string): Pick<Part, 'date' | 'machine' | 'versions'> {
  const versionOf = (name: string): string => {
    const place = [`node_modules/${name}`, `../node_modules/${name}`]
      .map((path) => new URL(`${path}/package.json`, root))
      .find((path) => existsSync(path))
    return (JSON.parse(readFileSync(place!, 'utf8')) as { version: string }).version
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: cpus()[0]!.model.trim(),
      cores: cpus().length,
      memory: `${Math.round(totalmem() / GIB)} GiB`,
      node: process.version,
      load,
      ...(chromium && { chromium }),
    },
    versions: Object.fromEntries(libraries.map((name) => [name, versionOf(name)])),
  }
}

const fileOf = (root: URL, part: PartName): URL => new URL(`results/${part}.json`, root)

export function write(root: URL, part: PartName, result: Part): void {
  writeFileSync(fileOf(root, part), `${JSON.stringify(result, null, 2)}\n`)
}

export function read(root: URL, part: PartName): Part | null {
  const file = fileOf(root, part)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Part) : null
}

export const loadBefore = (): number => Math.round(loadavg()[0]! * 10) / 10
