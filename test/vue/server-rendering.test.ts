// Rendering to text, where nothing is opened, since nothing is ever disposed of.
import { connect } from '@holdfast/client'
import {
  provideHoldfast,
  useClient,
  useConnection,
  useLatest,
  useMessages,
  useSnapshot,
  useStatus,
  useSubscription,
} from '@holdfast/vue'
import { createSSRApp, effectScope } from 'vue'
import { renderToString } from '@vue/server-renderer'
import { afterEach, expect, it } from 'vitest'
import { createAdapterRig, forget } from '../support/adapter-rig.ts'

afterEach(forget)

/** What every composable says. */
function shows(): () => string {
  useSubscription('news', () => {})
  const all = [useStatus(), useLatest('news')]
  const [snapshot, client, messages] = [useSnapshot(), useClient(), useMessages('news')]
  return () =>
    [...all.map(({ value }) => String(value)), snapshot.value.status, client.value.status, messages.value.length].join()
}

it('shows an idle connection and opens none, whatever the URL is relative to', async () => {
  const rig = createAdapterRig()
  const app = createSSRApp({
    setup() {
      provideHoldfast('/realtime', rig.options)
      return shows()
    },
  })
  expect(await renderToString(app)).toBe('idle,undefined,idle,idle,0')
  await rig.clock.advance(60_000)
  expect([rig.links.length, rig.leases, rig.heard, rig.clock.armed, rig.logged]).toEqual([0, 0, [], 0, []])
})

it('leaves nothing on a client of your own', async () => {
  const rig = createAdapterRig()
  const client = connect(rig.url, { ...rig.options, autoConnect: false })
  const app = createSSRApp({
    setup() {
      provideHoldfast(client)
      return shows()
    },
  })
  expect(await renderToString(app)).toBe('idle,undefined,idle,idle,0')
  expect([rig.links.length, rig.heard]).toEqual([0, []])
})

it('opens nothing in a scope outside of any application either', () => {
  const rig = createAdapterRig()
  const client = effectScope().run(() => useConnection(rig.url, rig.options))
  expect([client!.value.status, rig.links.length, rig.leases]).toEqual(['idle', 0, 0])
})
