// The same app as the other one.
import { webSocket } from '@holdfast/client'
import { createComposables } from '@holdfast/vue'
import { createApp, defineComponent, h, ref } from 'vue'
import { createSeen, type AppOptions } from './app.ts'

const { provideHoldfast, useMessages, useStatus, useSubscription } = createComposables<Record<string, number>>()

globalThis.mountApp = ({ url, topic }: AppOptions): void => {
  const route = ref('home')
  let seen = createSeen()
  const Panel = defineComponent({
    props: { index: { type: Number, required: true } },
    setup({ index }) {
      provideHoldfast(url, { transports: [webSocket()] })
      const [into, here] = [seen[index]!, `${topic}/${route.value}`]
      useSubscription(here, (n) => into.push(n))
      const [status, newest] = [useStatus(), useMessages(here, { limit: 2 })]
      return () => h('li', [status.value, ...newest.value.map(({ data }) => data)].join(' '))
    },
  })
  const vue = createApp({ setup: () => () => seen.map((_, index) => h(Panel, { key: route.value + index, index })) })
  vue.mount('#root')
  globalThis.app = {
    get seen() {
      return seen
    },
    go(next) {
      seen = createSeen()
      route.value = next
    },
    unmount: () => vue.unmount(),
  }
}
