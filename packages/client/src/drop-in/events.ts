/** The events of a WebSocket and its `on…` attributes, as the platform has them. */

const eventTypes = ['open', 'message', 'error', 'close'] as const
type Listener = ((event: Event) => unknown) | null

/** What has `on…` attributes: they are kept by type. */
export interface WithHandlers extends EventTarget {
  _handlers: { [type: string]: Listener }
  /** Calls the handler for an event; one function per object, so that it is registered once. */
  _handle: (event: Event) => void
}

/** Node 20 has no CloseEvent. */
export const closeEvent = (code: number, reason: string, wasClean: boolean): Event =>
  typeof CloseEvent === 'function'
    ? new CloseEvent('close', { code, reason, wasClean })
    : Object.assign(new Event('close'), { code, reason, wasClean })

/**
 * `onopen` and the like. A handler runs where the first one was set among the listeners, also when another one takes its place
 * (WHATWG HTML, event handlers).
 */
export function defineHandlers(prototype: WithHandlers): void {
  for (const type of eventTypes)
    Object.defineProperty(prototype, 'on' + type, {
      configurable: true,
      enumerable: true,
      get(this: WithHandlers) {
        return this._handlers[type] ?? null
      },
      set(this: WithHandlers, given: unknown) {
        const handler = typeof given === 'function' ? (given as Listener) : null
        if (!handler) this.removeEventListener(type, this._handle)
        else if (!this._handlers[type]) this.addEventListener(type, this._handle)
        this._handlers[type] = handler
      },
    })
}
