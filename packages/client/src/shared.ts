/**
 * One connection per URL: a lease for each handle; the last one back lingers, then the connection closes. The dialect to fall back on is an
 * argument, so that an entry has only its own in the bundle.
 */
import { createDriver, type Driver } from './client.ts'
import { HoldfastError } from './errors.ts'
import { createHandle } from './handle.ts'
import type { Dialect } from './dialect.ts'
import { settle, textOf, type ClientOptions } from './options.ts'
import type { AnyTopics, Client } from './types.ts'

interface Shared {
  driver: Driver
  options: ClientOptions
  leases: number
  /** Of whom it speaks: what `auth` has said last, as text; where it promised, the promise. */
  claim: unknown
  /** Stops the closing that the last lease's return has set off. */
  stay(): void
}

/** On the global object, under a versioned name, so that a module loaded twice (hot reload, two bundles) adopts what is there. */
const symbol = Symbol.for('holdfast.registry.1')
function registry(): Map<string, Shared> {
  const home = globalThis as { [symbol]?: Map<string, Shared> }
  return (home[symbol] ??= new Map())
}

/** http and ws, relative and absolute, with and without default port or fragment: whatever means the same endpoint is the same. */
function endpoint(url: string | URL): string {
  try {
    const { href } = new URL(url, globalThis.location?.href)
    // Only text can change between ws and http: the URL setter refuses it.
    if (/^(http|ws)s?:/.test(href)) return href.replace(/#.*/, '').replace(/^ws/, 'http')
  } catch {
    // Said below.
  }
  throw new HoldfastError('bad-url', `"${url}" is no http or ws URL. Outside of a page it must be absolute.`)
}

/** Throws when what can be compared differs: values by content, transports and dialects by their names; functions are not text. */
function refuseConflict(shared: Shared, options: ClientOptions): void {
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && textOf(value) !== textOf(shared.options[name as keyof ClientOptions]))
      throw new HoldfastError(
        'conflicting-options',
        `Connected with another "${name}". Give the same or none, or another "key".`,
      )
}

const said = (auth: unknown): unknown => (typeof auth === 'function' ? auth() : auth)

/**
 * Whether a connection that nobody holds is for whoever comes: alone there, they are who their credential says. Not who their function
 * is: another one may speak for the same user (adapters make one per mount), the same one for another. A promise cannot be waited for
 * here: where there was one, the function is all there is to go by.
 */
function isFor({ claim, options }: Shared, auth: unknown): boolean {
  if (typeof claim === 'object') return auth === options.auth
  try {
    const fresh = said(auth)
    // Whoever goes on with it hears of a refusal.
    Promise.resolve(fresh).catch(() => {})
    return textOf(fresh) === claim
  } catch {
    return false
  }
}

/** See `createClient` of the entries. */
export function createClient<T = AnyTopics>(url: string | URL, options: ClientOptions, dialect: Dialect): Client<T> {
  const driver = createDriver(endpoint(url), settle(options, dialect))
  if (options.autoConnect !== false) driver.dispatch({ type: 'connect' })
  return createHandle<T>(driver, () => driver.dispatch({ type: 'close', cause: null }))
}

/** See `connect` of the entries. */
export function connect<T = AnyTopics>(url: string | URL, options: ClientOptions, dialect: Dialect): Client<T> {
  const href = endpoint(url)
  const key = href + ' ' + (options.key ?? '')
  const all = registry()
  let shared = all.get(key)
  if (shared && !shared.leases && !isFor(shared, options.auth)) {
    // What is pending goes out as from whom it comes, for as long as it lingers.
    if (!shared.driver.snapshot().pending) shared.driver.dispatch({ type: 'close', cause: null })
    shared = undefined
  }
  if (shared) refuseConflict(shared, options)
  else {
    const { auth } = options
    const ask = (): unknown => {
      const answer = said(auth)
      made.claim = textOf(answer)
      return answer
    }
    const settings = settle({ ...options, auth: typeof auth === 'function' ? ask : auth }, dialect)
    const made: Shared = { driver: createDriver(href, settings), options, leases: 0, claim: textOf(auth), stay() {} }
    all.set(key, (shared = made))
  }
  const mine = shared
  const { driver } = mine
  mine.stay()
  mine.leases++
  if (options.autoConnect !== false && /idle|closed/.test(driver.snapshot().status))
    driver.dispatch({ type: 'connect' })
  return createHandle<T>(driver, () => {
    if (--mine.leases) return
    mine.stay = driver.settings.clock.after(driver.settings.linger, () => {
      if (all.get(key) === mine) all.delete(key)
      driver.dispatch({ type: 'close', cause: null })
    })
  })
}
