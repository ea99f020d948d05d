/**
 * What the page around us tells: network, visibility, freezing. Hints, all of them: `navigator.onLine` and its events lie in both directions,
 * so nothing here proves anything. Listens between set-up and clean-up only; does nothing where there is no page.
 */

import type { Signal } from './state.ts'

/** As much of a document as is needed. */
export interface DocumentLike extends EventTarget {
  readonly visibilityState: string
}

/** Sets up listeners; returns the undo. The driver's contract for a source of signals, so that another environment can bring its own. */
export type Signals = (emit: (signal: Signal) => void) => () => void

// No `unload` and no `beforeunload`: the first keeps pages out of the back/forward cache, the second may be followed by staying.
/** Empty: the state of the document says it. */
const SIGNALS: { readonly [type: string]: Signal | '' } = {
  online: 'online',
  offline: 'offline',
  // Some mobile browsers come back from suspension with no other event.
  focus: 'visible',
  pagehide: 'frozen',
  pageshow: 'resumed',
  freeze: 'frozen',
  resume: 'resumed',
  visibilitychange: '',
}

/** The signals of a browser page; none in a worker or on a server. */
export function browserSignals(
  emit: (signal: Signal) => void,
  window: EventTarget | undefined = globalThis.window,
  document: DocumentLike | undefined = globalThis.document,
): () => void {
  const listen = (event: Event): void => {
    // A first load, and a page that goes away for good, are `persisted: false`; other events have no such field.
    if ((event as Partial<PageTransitionEvent>).persisted !== false)
      emit(SIGNALS[event.type] || (document.visibilityState as Signal))
  }
  const each = (act: 'addEventListener' | 'removeEventListener'): void => {
    for (const type in SIGNALS) (/^(fr|re|vi)/.test(type) ? document : window)?.[act](type, listen)
  }
  each('addEventListener')
  return () => each('removeEventListener')
}

/** The platform's belief, true where it has none. */
export const isOnline = (): boolean => globalThis.navigator?.onLine ?? true
