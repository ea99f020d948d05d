/** What the processes of the herd agree on. */

export const TOPICS = 20
/** Each topic, ms. Seldom enough for two processors to carry thousands of clients: polls cost a request for each message. */
export const PUBLISH_EVERY = 5_000
/** Messages of a topic: of more time than any fault lasts. */
export const KEPT = 60

/** What should not have been. The first few: one fault of ours may show a million times. */
export function createViolations(): { readonly list: string[]; add(what: string): void } {
  const list: string[] = []
  return { list, add: (what) => void (list.length < 50 && list.push(what)) }
}
