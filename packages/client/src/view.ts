/** The snapshot of a connection: the same object until something in it changes, and told at the end of a tick in which it has. */
import type { Emitter } from './emitter.ts'
import type { Events, Snapshot } from './types.ts'

/** `snapshot` is for `watch`. */
export interface InnerEvents extends Events {
  snapshot: Snapshot
}

export interface View {
  snapshot(): Snapshot
  /** Something that it shows may have changed. Many changes in a tick are one. */
  touch(): void
}

/** `read` says how things stand. */
export function createView(emitter: Emitter<InnerEvents>, read: () => Snapshot): View {
  let view: Snapshot | null = null
  let shown: Snapshot | null = null
  let telling: Promise<void> | null = null

  function snapshot(): Snapshot {
    const next = read()
    const same = view && (Object.keys(next) as (keyof Snapshot)[]).every((name) => next[name] === view![name])
    return same ? view! : (view = Object.freeze(next))
  }
  function tell(): void {
    telling = null
    const was = shown
    shown = snapshot()
    if (was === shown) return
    const { pending, pendingBytes } = shown
    if (was?.pending !== pending) emitter.emit('outbox', { pending, pendingBytes })
    emitter.emit('snapshot', shown)
  }

  return {
    snapshot,
    touch() {
      if (emitter.has('snapshot') || emitter.has('outbox')) telling ??= Promise.resolve().then(tell)
    },
  }
}
