import { connect } from '@holdfast/client'
import { afterEach, expect, it } from 'vitest'
import { createStore } from '../../packages/react/src/feed.ts'
import { createAdapterRig, forget } from '../support/adapter-rig.ts'

afterEach(forget)

it('takes the messages of one tick as one change, and shows the same array until the next', async () => {
  const rig = createAdapterRig()
  const store = createStore(connect(rig.url, rig.options), 'news', undefined, () => 100)
  const seen: unknown[] = []
  const end = store.begin(() => seen.push(store.view().map(({ data }) => data)))
  await rig.answer()
  const before = store.view()
  rig.publish('news', 1, 2)
  rig.publish('news', 3)
  expect([store.view() === before, seen]).toEqual([true, []])
  await rig.answer()
  expect([store.view() === store.view(), seen]).toEqual([true, [[1, 2, 3]]])
  end()
})
