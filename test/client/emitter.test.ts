import { describe, expect, it } from 'vitest'
import { createEmitter } from '../../packages/client/src/emitter.ts'

function create() {
  const thrown: unknown[] = []
  const emitter = createEmitter<{ told: number; other: string }>((call) => {
    try {
      call()
    } catch (error) {
      thrown.push(error)
    }
  })
  return { emitter, thrown }
}

describe('an emitter', () => {
  it('calls every listener, whatever one of them throws', () => {
    const { emitter, thrown } = create()
    const seen: number[] = []
    emitter.on('told', () => {
      throw new Error('boom')
    })
    emitter.on('told', (n) => seen.push(n))
    emitter.emit('told', 1)
    expect([seen, thrown.length]).toEqual([[1], 1])
  })

  it('takes one listener twice, and undoes it one by one', () => {
    const { emitter } = create()
    const seen: number[] = []
    const listener = (n: number): void => void seen.push(n)
    const undo = emitter.on('told', listener)
    emitter.on('told', listener)
    emitter.emit('told', 1)
    undo()
    undo()
    emitter.emit('told', 2)
    expect(seen).toEqual([1, 1, 2])
  })

  it('knows whether anybody listens', () => {
    const { emitter } = create()
    expect(emitter.has('told')).toBe(false)
    const undo = emitter.on('told', () => {})
    expect([emitter.has('told'), emitter.has('other')]).toEqual([true, false])
    undo()
    expect(emitter.has('told')).toBe(false)
  })

  it('does not call who came while it was calling, nor skips anybody when one leaves', () => {
    const { emitter } = create()
    const seen: string[] = []
    const undo = emitter.on('told', () => {
      undo()
      seen.push('first')
      emitter.on('told', () => seen.push('late'))
    })
    emitter.on('told', () => seen.push('second'))
    emitter.emit('told', 1)
    expect(seen).toEqual(['first', 'second'])
  })
})
