/** A server in virtual time, with chance that comes again, that keeps what it reports. */
import { createServer } from '@holdfast/server'
import type { Server, ServerOptions } from '@holdfast/server'
import { createClock } from './clock.ts'
import type { VirtualClock } from './clock.ts'
import { createRandom } from './random.ts'

export interface World {
  clock: VirtualClock
  server: Server
  /** What went to `onError`. */
  errors: unknown[]
}

export function createWorld(options: ServerOptions = {}): World {
  const clock = createClock()
  const errors: unknown[] = []
  return {
    clock,
    errors,
    server: createServer({ clock, random: createRandom(1), onError: (error) => errors.push(error), ...options }),
  }
}
