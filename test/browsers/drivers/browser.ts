// The contract of a browser under test: started by ourselves as users have it, commanded from outside over its loopback.

export interface Tab {
  /** The value of an expression, as JSON has it. Rejects while there is no document to ask. */
  evaluate<T>(expression: string): Promise<T>
  /** Brings it to the front. */
  show(): Promise<void>
  /** Where the browser can be told. */
  freeze?(): Promise<void>
  thaw?(): Promise<void>
  close(): Promise<void>
}

export type BrowserName = 'Chromium' | 'Firefox' | 'WebKitGTK'

export interface Browser {
  readonly name: BrowserName
  readonly version: string
  /** A new tab, which is shown. */
  open(url: string): Promise<Tab>
  /** Process ids of what runs pages; of all that belongs to the browser. */
  renderers(): number[]
  all(): number[]
  close(): Promise<void>
}

export interface Place {
  /** Executable. */
  readonly path: string
  /** An empty folder for the profile and whatever else it writes. */
  readonly folder: string
}
