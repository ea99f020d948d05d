/** What is really held: without a collection first, the figure says more about the collector than about us. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes that buffers hold, after a collection. They are given back in the background: wait for a bound, do not look once. */
export function buffersInUse(): number {
  heapInUse()
  return process.memoryUsage().arrayBuffers
}

/** Bytes in use after a full collection. */
export function heapInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
