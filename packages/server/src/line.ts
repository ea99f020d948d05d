/**
 * Things in the order they were added, linked through themselves. A `Set` is that, too, but looks through everything that was removed
 * before its first, and copies itself now and then: under a load that adds at the end and removes at the beginning, that costs more than all the rest.
 * Everything here is O(1). A thing is in one line at a time.
 */
export interface Line<T> extends Iterable<T> {
  readonly size: number
  readonly first: T | null
  /** Adds it at the end. */
  add(item: T): void
  delete(item: T): void
  /** To the end. */
  requeue(item: T): void
}

/** What can stand in a line. */
export interface Linked<T> {
  before: T | null
  after: T | null
}

export function createLine<T extends Linked<T>>(): Line<T> {
  let head: T | null = null
  let tail: T | null = null
  let size = 0

  function add(item: T): void {
    item.before = tail
    item.after = null
    if (tail) tail.after = item
    else head = item
    tail = item
    size++
  }
  function remove(item: T): void {
    if (item.before) item.before.after = item.after
    else head = item.after
    if (item.after) item.after.before = item.before
    else tail = item.before
    item.before = item.after = null
    size--
  }
  return {
    get size() {
      return size
    },
    get first() {
      return head
    },
    add,
    delete: remove,
    requeue(item) {
      if (item === tail) return
      remove(item)
      add(item)
    },
    /** The one it is at may be removed meanwhile, no other. */
    *[Symbol.iterator]() {
      for (let item = head; item;) {
        const next: T | null = item.after
        yield item
        item = next
      }
    },
  }
}
