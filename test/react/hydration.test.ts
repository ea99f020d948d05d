// @vitest-environment jsdom
import { HoldfastProvider, useLatest, useStatus } from '@holdfast/react'
import { render } from '@testing-library/react'
import { createElement, type ReactNode } from 'react'
import { renderToString } from 'react-dom/server'
import { afterEach, expect, it, vi } from 'vitest'
import { createAdapterRig, forget } from '../support/adapter-rig.ts'
import { acting, cleanup } from './kit.ts'

afterEach(() => {
  cleanup()
  forget()
  vi.restoreAllMocks()
})

it('takes over what a server has rendered without a mismatch, then connects', async () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => {})
  const rig = createAdapterRig()
  const Shows = (): ReactNode =>
    createElement('p', { className: useStatus() }, useStatus(), ' ', String(useLatest('news')))
  const page = createElement(HoldfastProvider, { url: rig.url, options: rig.options }, createElement(Shows))
  const container = document.createElement('div')
  container.innerHTML = renderToString(page)
  expect(container.textContent).toBe('idle undefined')
  const [shown] = container.children
  render(page, { container: document.body.appendChild(container), hydrate: true })
  await acting(rig)
  await acting(rig, () => rig.publish('news', 'one'))
  expect([container.textContent, container.firstElementChild === shown]).toEqual(['open one', true])
  expect(told).not.toHaveBeenCalled()
})
