// Rendering to text, where nothing is opened and nothing is ever unmounted.
import {
  HoldfastProvider,
  useClient,
  useConnection,
  useLatest,
  useMessages,
  useSnapshot,
  useStatus,
  useSubscription,
} from '@holdfast/react'
import { createElement, type ReactNode } from 'react'
import { renderToString } from 'react-dom/server'
import { afterEach, expect, it } from 'vitest'
import { createAdapterRig, forget } from '../support/adapter-rig.ts'

afterEach(forget)

const Shows = (): ReactNode => {
  useSubscription('news', () => {})
  return [useStatus(), useSnapshot().status, useClient().status, useMessages('news').length, useLatest('news')].join()
}

it('shows an idle connection and opens none, whatever the URL is relative to', async () => {
  const rig = createAdapterRig()
  const Uses = (): ReactNode => useConnection('/realtime', rig.options).url
  const tree = [
    createElement(HoldfastProvider, { key: 'a', url: '/realtime', options: rig.options }, createElement(Shows)),
    createElement(Uses, { key: 'b' }),
  ]
  expect(renderToString(tree).replace('<!-- -->', '')).toBe('idle,idle,idle,0,/realtime')
  await rig.clock.advance(60_000)
  expect([rig.links.length, rig.leases, rig.clock.armed, rig.logged]).toEqual([0, 0, 0, []])
})
