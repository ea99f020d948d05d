/** A server in virtual time that keeps what it reports. */
import { createServer } from '@holdfast/server'
import type { Server, ServerOptions } from '@holdfast/server'
import { createClock } from './clock.ts'
import type { VirtualClock } from './clock.ts'

export interface World {
  clock: VirtualClock
  server: Server
  /** What went to `onError`. */
  errors: unknown[]
}

export function createWorld(options: ServerOptions = {}): World {
  const clock = createClock()
  const errors: unknown[] = []
  return { clock, errors, server: createServer({ clock, onError: (error) => errors.push(error), ...options }) }
}
