// Turns of the event loop, which take no time. Looked up when this file is loaded, so that timers that a test fakes later do not stop it.
const { setImmediate, MessageChannel, setTimeout } = globalThis as Partial<typeof globalThis>

function byChannel(done: () => void): void {
  const { port1, port2 } = new MessageChannel!()
  const heard = (): void => {
    port1.close()
    done()
  }
  port1.addEventListener('message', heard, { once: true })
  port1.start()
  port2.postMessage(null)
}

/** Some test environments have but one of them. */
const turn: (done: () => void) => unknown =
  setImmediate ?? (MessageChannel ? byChannel : (done) => setTimeout!(done, 0))

/** Resolves when everything that only waited for promises has had its turn. No virtual time passes. */
export const settled = (): Promise<void> => new Promise((resolve) => turn(resolve))
