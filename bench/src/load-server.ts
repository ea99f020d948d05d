// A Holdfast server as an application has it, which its parent asks what it uses. Run with `--expose-gc`.
import { createServer as createHttpServer } from 'node:http'
import { Session, type Profiler } from 'node:inspector'
import type { AddressInfo } from 'node:net'
import { createServer } from '@holdfast/server'

/** What the process uses, after garbage collection: bytes, and ms of CPU since its start. */
export interface Usage {
  rss: number
  heap: number
  cpu: number
}

/** Share of the time of each place of the code, in percent, idle time left out. */
export type Profile = [place: string, percent: number][]

const http = createHttpServer()
const server = createServer()
server.attach(http, { path: '/realtime' })
server.onMessage('message', () => {})
const inspector = new Session()
inspector.connect()

function usage(): Usage {
  globalThis.gc!()
  globalThis.gc!()
  const { rss, heapUsed } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  return { rss, heap: heapUsed, cpu: (user + system) / 1_000 }
}

/** The library, or the part of Node, that a function belongs to. */
function placeOf({ url, functionName }: { url: string; functionName: string }): string {
  if (functionName === '(garbage collector)') return 'garbage collection'
  if (functionName === '(program)' || functionName === '(idle)') return functionName
  if (url.includes('/ws/')) return 'ws'
  if (url.includes('/server/dist/')) return `holdfast: ${functionName || '(a closure)'}`
  return url ? 'node' : `node: ${functionName || 'native'}`
}

function summary({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Profile {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]))
  const times = new Map<string, number>()
  samples.forEach((id, n) => {
    const place = places.get(id)!
    if (place !== '(idle)') times.set(place, (times.get(place) ?? 0) + timeDeltas[n]!)
  })
  const all = [...times.values()].reduce((sum, time) => sum + time, 0)
  return [...times]
    .map(([place, time]): [string, number] => [place, (time / all) * 100])
    .sort((a, b) => b[1] - a[1])
    .slice(0, 14)
}

const answers: Record<string, () => void> = {
  usage: () => process.send!(usage()),
  publish: () => void server.publish('news', 'x'.repeat(64)),
  profile() {
    inspector.post('Profiler.enable')
    inspector.post('Profiler.start', () => process.send!('profiling'))
  },
  profiled: () => inspector.post('Profiler.stop', (_, { profile }) => process.send!(summary(profile))),
}

process.once('disconnect', () => process.exit())
process.on('message', (name: string) => answers[name]?.())
http.listen(0, '127.0.0.1', () => process.send!({ port: (http.address() as AddressInfo).port }))
