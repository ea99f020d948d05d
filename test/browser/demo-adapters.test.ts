// The demo's pages in React and Vue, beside the main one.
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { runDemo, type DemoRun, type Visit } from './demo-harness.ts'

let demo: DemoRun

beforeAll(async () => {
  demo = await runDemo(inject('browserPath'))
})
afterAll(() => demo?.close())

const say = async ({ page }: Visit, text: string): Promise<void> => {
  await page.getByLabel('Message', { exact: true }).fill(text)
  await page.keyboard.press('Enter')
}
const lines = ({ page }: Visit): Promise<string[]> => page.locator('.chat .lines .text').allInnerTexts()
const tiles = async ({ page }: Visit): Promise<number[]> =>
  (await page.locator('.tile strong').allInnerTexts()).map((text) => Number(text.replaceAll(',', '')))

describe.concurrent.each(['React', 'Vue'])('the page in %s', (name) => {
  const path = `${name.toLowerCase()}.html`

  test('is one of the tabs that chat, and loses nothing through a cut', (context) =>
    demo.serving(context, async (open) => {
      const { expect } = context
      const [main, other] = await Promise.all([open(), open({}, path)])
      await say(main, 'from the main page')
      await other.soon(() => lines(other)).toEqual(['from the main page'])
      await say(other, 'from the other')
      await main.soon(() => lines(main)).toEqual(['from the main page', 'from the other'])
      await say(other, '/refuse this')
      await other.soon(() => other.page.locator('.chat .note').innerText()).toBe('rejected: refused')
      await other.soon(() => other.page.locator('.host-card strong').first().innerText()).toMatch(/% of/)

      const [before] = await tiles(other)
      await main.weather('Cut').click()
      await main.soon(() => main.logged('session resumed')).toBeGreaterThan(0)
      await other.until('open over WebSocket')
      await other.soon(async () => (await tiles(other))[0]).toBeGreaterThan(before! + 20)
      expect((await tiles(other)).slice(1)).toEqual([0, 0])
    }))

  test('fits narrow and wide screens without scrolling sideways', (context) =>
    demo.serving(context, async (open) => {
      const { expect } = context
      const { page } = await open({}, path)
      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: 800 })
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
      }
    }))
})
