// First in, first out, O(1) amortised: `Array.shift` moves everything, which a released line of 100,000 frames would feel.

export interface Queue<T> {
  put(item: T): void
  first(): T | undefined
  drop(): void
  clear(): void
}

export function createQueue<T>(): Queue<T> {
  let items: (T | undefined)[] = []
  let head = 0
  function clear(): void {
    items = []
    head = 0
  }
  return {
    put(item) {
      items.push(item)
    },
    first: () => items[head],
    drop() {
      // What has left must not be kept by the place that it had.
      items[head++] = undefined
      if (head >= items.length) return clear()
      if (head < 1_024 || head * 2 < items.length) return
      items = items.slice(head)
      head = 0
    },
    clear,
  }
}
