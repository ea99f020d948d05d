/** The one place that knows mitt: `on` returns the undo, and listeners are isolated from each other. */
import mitt from 'mitt'

export interface Emitter<E> {
  on<K extends keyof E>(event: K, fn: (payload: E[K]) => void): () => void
  emit<K extends keyof E>(event: K, payload: E[K]): void
  /** Whether anybody listens. */
  has(event: keyof E): boolean
}

/** `guard` calls what may throw. */
export function createEmitter<E>(guard: (call: () => void) => void): Emitter<E> {
  const bus = mitt<Record<keyof E & string, never>>()
  return {
    on(event, fn) {
      // Its own function each time: the same listener given twice is undone one by one.
      const listener = (payload: never): void => guard(() => fn(payload))
      bus.on(event as never, listener)
      return () => bus.off(event as never, listener)
    },
    emit: (event, payload) => bus.emit(event as never, payload as never),
    has: (event) => !!bus.all.get(event as never)?.length,
  }
}
