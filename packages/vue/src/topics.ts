/** How the types of an application's topics reach the composables. Types only. */
import type { AnyTopics } from '@holdfast/client'

/**
 * Augment it with a field `topics`, a map of topics to payloads, and every composable is typed by it:
 * `declare module '@holdfast/vue' { interface Register { topics: Topics } }`.
 * An application with more than one map uses `createComposables` instead.
 */
// oxlint-disable-next-line typescript/no-empty-interface typescript/no-empty-object-type -- empty until it is augmented
export interface Register {}

/** The topics of `Register`; without any, every topic carries `unknown`. */
export type Registered = Register extends { topics: infer T } ? T : AnyTopics
