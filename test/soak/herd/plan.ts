/** What the processes of the herd agree on. */

export const TOPICS = 20
/** Messages of a topic: more than any fault lasts. */
export const KEPT = 200

/** What should not have been. The first few: one fault of ours may show a million times. */
export function createViolations(): { readonly list: string[]; add(what: string): void } {
  const list: string[] = []
  return { list, add: (what) => void (list.length < 50 && list.push(what)) }
}
