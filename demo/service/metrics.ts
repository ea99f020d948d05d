// The host's real metrics, from Node's own interfaces.
import { availableParallelism, cpus, freemem, loadavg, totalmem } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { HostSample } from '../shared/contract.ts'

export interface Sampler {
  /** Rates and percentiles are since the last call. */
  sample(): HostSample
  close(): void
}

const NANOSECONDS_PER_MS = 1e6
/** How often the event loop is asked whether it is late, in ms: also what an idle loop measures, and so what is taken off. */
const RESOLUTION = 10

export function createSampler(): Sampler {
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION })
  loop.enable()
  let last = cpuTimes()
  let n = 0
  return {
    sample() {
      const times = cpuTimes()
      const total = times.total - last.total
      const cpu = total > 0 ? 1 - (times.idle - last.idle) / total : 0
      last = times
      const late = loop.percentile(99) / NANOSECONDS_PER_MS - RESOLUTION
      loop.reset()
      return {
        n: ++n,
        cpu,
        cores: availableParallelism(),
        memoryUsed: totalmem() - freemem(),
        memoryTotal: totalmem(),
        load: loadavg()[0] ?? 0,
        loopDelay: Math.max(0, late),
        rss: process.memoryUsage.rss(),
      }
    },
    close: () => loop.disable(),
  }
}

function cpuTimes(): { idle: number; total: number } {
  let idle = 0
  let total = 0
  for (const { times } of cpus()) {
    idle += times.idle
    total += times.user + times.nice + times.sys + times.idle + times.irq
  }
  return { idle, total }
}
