// What the page of drop-in.test.ts runs: cases against classes by name, and libraries over a class of ours.
import { webSocket } from '@holdfast/client'
import { createWebSocketClass, holdfastServer, plainServer, type WebSocketClass } from '@holdfast/client/drop-in'
import { createGraphqlUser, type GraphqlUser } from '../drop-in/graphql-user.ts'
import { cases } from '../drop-in/interface-cases.ts'
import { createYUser, type YUser } from '../drop-in/yjs.ts'

const quiet = { error() {} }
const server = holdfastServer({ endpoint: '/realtime' })
/** Cuts come faster than a link can prove itself. */
const backoff = (): number => 10

const classes: { readonly [name: string]: WebSocketClass } = {
  'that of Chromium': WebSocket,
  'ours, over a Holdfast server': createWebSocketClass({ server, maxAttempts: 1, logger: quiet }),
  'ours, over a plain server': createWebSocketClass({ server: plainServer(), logger: quiet }),
  lasting: createWebSocketClass({ server, transports: [webSocket()], backoff }),
}

declare global {
  var runCase: (title: string, name: string, url: string) => unknown
  var graphql: GraphqlUser
  var openGraphql: (url: string) => void
  var documents: YUser[]
  var openDocuments: (url: string, count: number) => void
  /** Returns how often something was typed into each. */
  var stopTyping: () => number
}

globalThis.runCase = (title, name, url) => cases.find((one) => one.title === title)!.run(classes[name]!, url)
globalThis.openGraphql = (url) => {
  globalThis.graphql = createGraphqlUser(url, classes.lasting!, { retryAttempts: 0 })
}
globalThis.openDocuments = (url, count) => {
  globalThis.documents = Array.from({ length: count }, () => createYUser(url, classes.lasting!))
}
