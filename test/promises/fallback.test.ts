// Falling back and moving up again, in Node.
import { describe } from 'vitest'
import { inNode } from './bench.ts'
import { describeFallback } from './fallback.ts'

describe.concurrent('all three transports', () => {
  describeFallback(inNode)
})
