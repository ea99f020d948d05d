// @vitest-environment jsdom
import { provideHoldfast, useLatest, useStatus } from '@holdfast/vue'
import { createSSRApp, h, nextTick } from 'vue'
import { renderToString } from '@vue/server-renderer'
import { afterEach, expect, it, vi } from 'vitest'
import { createAdapterRig, forget, nothing } from '../support/adapter-rig.ts'

afterEach(() => {
  forget()
  vi.restoreAllMocks()
})

it('takes over what a server has rendered without a mismatch, then connects', async () => {
  const told = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'error')]
  const rig = createAdapterRig()
  const Shows = {
    setup() {
      const [status, latest] = [useStatus(), useLatest('news')]
      return () => h('p', { class: status.value }, `${status.value} ${String(latest.value)}`)
    },
  }
  const page = () =>
    createSSRApp({
      setup() {
        provideHoldfast(rig.url, rig.options)
        return () => h(Shows)
      },
    })
  const container = document.createElement('div')
  container.innerHTML = await renderToString(page())
  expect([container.textContent, rig.links.length]).toEqual(['idle undefined', 0])
  const [shown] = container.children
  const app = page()
  app.mount(container)
  await rig.answer()
  rig.publish('news', 'one')
  await rig.answer()
  await nextTick()
  expect([container.innerHTML, container.firstElementChild === shown]).toEqual(['<p class="open">open one</p>', true])
  for (const spy of told) expect(spy).not.toHaveBeenCalled()
  app.unmount()
  expect(await rig.leftovers()).toEqual(nothing)
})
