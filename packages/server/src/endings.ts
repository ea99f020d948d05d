/** Who is told when a session cannot be resumed any more. */
import type { Context } from './context.ts'
import type { Session } from './session.ts'

type Told = (session: Session) => void

export interface Endings {
  /** Returns the undo. */
  watch(told: Told): () => void
  /** Later, in the same tick: whoever ends sessions may be in the midst of a table of them. */
  tell(session: Session): void
}

export function createEndings({ report }: Context): Endings {
  const watchers = new Set<{ told: Told }>()
  function tellAll(session: Session): void {
    for (const { told } of watchers) {
      try {
        told(session)
      } catch (error) {
        report(error, 'onSessionEnd')
      }
    }
  }
  return {
    watch(told) {
      // Its own object each time: the same function given twice is undone one by one.
      const watcher = { told }
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    tell(session) {
      if (watchers.size) queueMicrotask(() => tellAll(session))
    },
  }
}
