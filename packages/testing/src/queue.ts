// First in, first out, O(1) amortised: `Array.shift` moves everything, which a released line of 100,000 frames would feel.

export interface Queue<T> {
  put(item: T): void
  first(): T | undefined
  drop(): void
  clear(): void
}

export function createQueue<T>(): Queue<T> {
  let items: T[] = []
  let head = 0
  return {
    put(item) {
      items.push(item)
    },
    first: () => items[head],
    drop() {
      head++
      if (head < 1_024 || head * 2 < items.length) return
      items = items.slice(head)
      head = 0
    },
    clear() {
      items = []
      head = 0
    },
  }
}
