// What both apps of the adapters' test offer to it: five components that name one URL, on a page with two routes.

export interface AppOptions {
  url: string
  /** Each route has one below it. */
  topic: string
}

interface App {
  /** What the handler of each component has seen on this route. */
  readonly seen: number[][]
  go(route: string): void
  unmount(): void
}

export const COMPONENTS = 5

export const createSeen = (): number[][] => Array.from({ length: COMPONENTS }, () => [])

declare global {
  var mountApp: (options: AppOptions) => void
  var app: App
}
