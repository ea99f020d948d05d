/** Clients that speak to a Holdfast server unless they are told otherwise. */
import { holdfast } from './dialects/holdfast.ts'
import type { ClientOptions } from './options.ts'
import { connect as share, createClient as create } from './shared.ts'
import type { AnyTopics, Client } from './types.ts'

/**
 * An unshared client.
 * @throws HoldfastError `bad-url`, `bad-option`
 */
export const createClient = <T = AnyTopics>(url: string | URL, options: ClientOptions): Client<T> =>
  create<T>(url, options, holdfast())

/**
 * A handle on the one connection to this URL, made at first use.
 * @throws HoldfastError `bad-url`, `bad-option`, `conflicting-options`
 */
export const connect = <T = AnyTopics>(url: string | URL, options: ClientOptions): Client<T> =>
  share<T>(url, options, holdfast())
