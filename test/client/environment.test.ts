import { describe, expect, test } from 'vitest'
import { browserSignals } from '../../packages/client/src/environment.ts'

/** Targets that count their listeners. */
function countListeners<T extends EventTarget>(target: T): T & { listeners: number } {
  const add = target.addEventListener.bind(target)
  const remove = target.removeEventListener.bind(target)
  return Object.assign(target, {
    listeners: 0,
    addEventListener(this: { listeners: number }, ...args: Parameters<typeof add>) {
      this.listeners++
      add(...args)
    },
    removeEventListener(this: { listeners: number }, ...args: Parameters<typeof remove>) {
      this.listeners--
      remove(...args)
    },
  })
}

function setup() {
  const window = countListeners(new EventTarget())
  const document = countListeners(Object.assign(new EventTarget(), { visibilityState: 'visible' }))
  const signals: string[] = []
  const stop = browserSignals((signal) => signals.push(signal), window, document)
  const fire = (target: EventTarget, type: string, more: object = {}): void =>
    void target.dispatchEvent(Object.assign(new Event(type), more))
  return { window, document, signals, stop, fire }
}

describe('the signals of a page', () => {
  test('name what happened', () => {
    const { window, document, signals, fire } = setup()
    fire(window, 'offline')
    fire(window, 'online')
    fire(window, 'focus')
    document.visibilityState = 'hidden'
    fire(document, 'visibilitychange')
    document.visibilityState = 'visible'
    fire(document, 'visibilitychange')
    fire(document, 'freeze')
    fire(document, 'resume')
    expect(signals).toEqual(['offline', 'online', 'visible', 'hidden', 'visible', 'frozen', 'resumed'])
  })

  test('tell of the back/forward cache, not of first loads and last goodbyes', () => {
    const { window, signals, fire } = setup()
    fire(window, 'pageshow', { persisted: false })
    fire(window, 'pagehide', { persisted: false })
    expect(signals).toEqual([])
    fire(window, 'pagehide', { persisted: true })
    fire(window, 'pageshow', { persisted: true })
    expect(signals).toEqual(['frozen', 'resumed'])
  })

  test('come no more after the undo, which leaves no listener, and may be called twice', () => {
    const { window, document, signals, stop, fire } = setup()
    expect(window.listeners + document.listeners).toBe(8)
    stop()
    expect([window.listeners, document.listeners]).toEqual([0, 0])
    stop()
    fire(window, 'online')
    fire(document, 'resume')
    expect(signals).toEqual([])
  })

  test('never listen to unload events, which keep pages out of the back/forward cache', () => {
    const { window, signals, fire } = setup()
    for (const type of ['unload', 'beforeunload']) fire(window, type)
    expect(signals).toEqual([])
  })

  test('are none where there is no page', () => {
    expect(() => browserSignals(() => expect.unreachable())()).not.toThrow()
  })
})
