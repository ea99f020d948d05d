// An app as people write it, StrictMode included.
import { webSocket } from '@holdfast/client'
import { createHooks } from '@holdfast/react'
import { StrictMode, createElement, useState, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { createSeen, type AppOptions } from './app.ts'

const { HoldfastProvider, useMessages, useStatus, useSubscription } = createHooks<Record<string, number>>()

interface PanelProps {
  topic: string
  into: number[]
}

function Panel({ topic, into }: PanelProps): ReactNode {
  useSubscription(topic, (n) => into.push(n))
  const newest = useMessages(topic, { limit: 2 }).map(({ data }) => data)
  return createElement('li', null, [useStatus(), ...newest].join(' '))
}

globalThis.mountApp = ({ url, topic }: AppOptions): void => {
  const options = { transports: [webSocket()] }
  let setRoute = (_route: string): void => {}
  let seen = createSeen()
  const Page = (): ReactNode => {
    const [route, set] = useState('home')
    setRoute = set
    return seen.map((into, i) =>
      createElement(
        HoldfastProvider,
        { key: route + i, url, options },
        createElement(Panel, { topic: `${topic}/${route}`, into }),
      ),
    )
  }
  const root = createRoot(document.getElementById('root')!)
  root.render(createElement(StrictMode, null, createElement(Page)))
  globalThis.app = {
    get seen() {
      return seen
    },
    go(route) {
      seen = createSeen()
      setRoute(route)
    },
    unmount: () => root.unmount(),
  }
}
