// Pages without a bundler: both files that a CDN serves, in a real browser. They are the built ones, so `npm run build` comes first.
import { readFileSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'

const dist = 'packages/client/dist'
let browser: Browser
let page: Page

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: inject('browserPath') })
})
beforeEach(async () => {
  page = await browser.newPage()
})
afterAll(() => browser?.close())

test('a script tag gives window.Holdfast with everything of /auto', async () => {
  await page.addScriptTag({ path: `${dist}/holdfast.min.js` })
  const names: string[] = await page.evaluate('Object.keys(Holdfast)')
  const auto: object = await import('@holdfast/client/auto')
  expect(names).toContain('connect')
  expect(names.toSorted()).toEqual(Object.keys(auto).toSorted())
})

test('a module script imports one file that needs nothing else', async () => {
  const code = readFileSync(`${dist}/holdfast.module.min.js`).toString('base64')
  const names: string[] = await page.evaluate(`import('data:text/javascript;base64,${code}').then(Object.keys)`)
  expect(names).toContain('connect')
})
