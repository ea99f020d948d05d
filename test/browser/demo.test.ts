// oxlint-disable vitest/expect-expect -- `soon` expects
// The demo as a page: chat, keys, names, themes and narrow screens.
import { afterAll, beforeAll, describe, expect, inject, test, vi, type TestContext } from 'vitest'
import { kept, runDemo, type DemoRun, type Visit } from './demo-harness.ts'

// A page that draws takes nearly half a core.
vi.setConfig({ maxConcurrency: 4 })

let demo: DemoRun

beforeAll(async () => {
  demo = await runDemo(inject('browserPath'))
})
afterAll(() => demo?.close())

/** A test with one visitor. */
const visiting =
  (act: (visit: Visit) => Promise<void>) =>
  (context: TestContext): Promise<void> =>
    demo.visiting(context, act)

const press = (visit: Visit, weather: string): Promise<string | null> =>
  visit.weather(weather).getAttribute('aria-pressed')

describe.concurrent('chat', () => {
  const say = async ({ page }: Visit, text: string): Promise<void> => {
    await page.getByLabel('Message', { exact: true }).fill(text)
    await page.keyboard.press('Enter')
  }
  const state = ({ page }: Visit, text: string): Promise<string> =>
    page.locator('#chat-lines li').filter({ hasText: text }).locator('.state').innerText()
  const lines = ({ page }: Visit): Promise<string[]> => page.locator('#chat-lines li .text').allInnerTexts()

  test('goes between tabs, tells what became of each line, and has a history', (context) =>
    demo.serving(context, async (visit) => {
      const [a, b] = await Promise.all([visit(), visit()])
      await say(a, 'first of a')
      await b.soon(() => lines(b)).toContain('first of a')
      await say(b, 'first of b')
      for (const each of [a, b]) await each.soon(() => lines(each)).toEqual(['first of a', 'first of b'])
      await a.soon(() => state(a, 'first of a')).toBe('acknowledged')
      await say(a, '/refuse this')
      await a.soon(() => state(a, '/refuse this')).toBe('rejected: refused')
      const late = await visit()
      await late.soon(() => lines(late)).toEqual(['first of a', 'first of b'])
    }))

  test(
    'waits without a link, expires where asked to, and is acknowledged later',
    visiting(async (a) => {
      await a.page.getByRole('button', { name: 'Disconnect' }).click()
      await a.until('idle')
      await say(a, 'written offline')
      await a.soon(() => state(a, 'written offline')).toBe('queued')
      await a.page.getByLabel('Delivery').selectOption('ttl')
      await say(a, 'only for now')
      await a.soon(() => state(a, 'only for now')).toBe('not-sent: expired')
      await a.page.getByRole('button', { name: 'Connect', exact: true }).click()
      await a.soon(() => state(a, 'written offline')).toBe('acknowledged')
    }),
  )

  test(
    'shows text as text',
    visiting(async (a) => {
      const text = '<img src=x onerror="document.title = 1"> &amp; <b>bold</b>'
      await say(a, text)
      await a.soon(() => lines(a)).toContain(text)
      expect(await a.page.locator('#chat-lines :is(img, b)').count()).toBe(0)
    }),
  )
})

describe.concurrent('keys', () => {
  test(
    'break and calm the network without a mouse, and rest while somebody types',
    visiting(async (a) => {
      await a.page.keyboard.press('9')
      await a.soon(() => press(a, 'Delay')).toBe('true')
      await a.page.keyboard.press('c')
      await a.page.keyboard.type('10')
      expect(await a.page.getByLabel('Message', { exact: true }).inputValue()).toBe('10')
      expect(await press(a, 'Delay')).toBe('true')
      await a.page.keyboard.press('Tab')
      await a.page.keyboard.press('0')
      await a.soon(() => press(a, 'Delay')).toBe('false')
      await a.page.keyboard.press('b')
      await a.soon(() => a.count('Acknowledged')).toBeGreaterThan(1_000)
    }),
  )

  test(
    'are listed, and can be switched off for good',
    visiting(async (a) => {
      await a.page.keyboard.press('?')
      const dialog = a.page.getByRole('dialog', { name: 'Keys' })
      expect(await dialog.isVisible()).toBe(true)
      await dialog.getByLabel('Single-key shortcuts').uncheck()
      await a.page.keyboard.press('Escape')
      expect(await dialog.isVisible()).toBe(false)
      await a.page.reload()
      await a.until('open over WebSocket')
      await a.page.keyboard.press('9')
      await a.page.getByRole('button', { name: 'Slow' }).click()
      await a.soon(() => press(a, 'Slow')).toBe('true')
      expect(await press(a, 'Delay')).toBe('false')
      await a.page.getByRole('button', { name: 'Calm all' }).click()
    }),
  )

  test(
    'reach everything in order, with a focus that can be seen',
    visiting(async ({ page }) => {
      const reached: string[] = []
      for (let i = 0; i < 60; i++) {
        await page.keyboard.press('Tab')
        const focus = await page.evaluate(() => {
          const element = document.activeElement
          if (!(element instanceof HTMLElement) || element === document.body) return null
          const shown = element.matches('[type=radio]') ? element.nextElementSibling! : element
          return {
            name: element.id || element.dataset.weather || element.tagName,
            width: getComputedStyle(shown).outlineWidth,
          }
        })
        if (!focus) break
        expect(focus.width).toBe('3px')
        reached.push(focus.name)
      }
      for (const id of [
        'theme',
        'help',
        'calm',
        'cut',
        'storm',
        'reconnect',
        'rate',
        'pace',
        'chat-text',
        'chat-lines',
        'log-lines',
      ])
        expect(reached).toContain(id)
    }),
  )

  test(
    'choose the transport with the arrows',
    visiting(async (a) => {
      await a.page.getByRole('radio', { name: 'Auto' }).focus()
      await a.page.keyboard.press('ArrowRight')
      await a.page.keyboard.press('ArrowRight')
      await a.until('open over event stream')
      await a.page.keyboard.press('ArrowRight')
      await a.until('open over long-polling')
      await a.page.keyboard.press('ArrowRight')
      await a.until('open over WebSocket')
      expect(await a.settle()).toEqual({ ...kept, title: 'Break the network.' })
    }),
  )
})

test.concurrent(
  'closing is final, and a new session can be had',
  visiting(async (a) => {
    await a.page.getByRole('button', { name: 'Close' }).click()
    await a.until('closed')
    expect(await a.page.getByRole('button', { name: 'Reconnect' }).isDisabled()).toBe(true)
    await a.page.getByRole('button', { name: 'New session' }).click()
    await a.until('open over WebSocket')
    await a.page.getByRole('button', { name: 'Send burst' }).click()
    await a.soon(() => a.count('Acknowledged')).toBeGreaterThan(1_000)
  }),
)

describe.concurrent('looks', () => {
  const background = ({ page }: Visit): Promise<string> =>
    page.evaluate(() => getComputedStyle(document.body).backgroundColor)

  test('follow the system, or the person', (context) =>
    demo.visiting(
      context,
      async (a) => {
        const dark = await background(a)
        await a.page.emulateMedia({ colorScheme: 'light' })
        const light = await background(a)
        expect(light).not.toBe(dark)
        await a.page.getByRole('button', { name: /^Theme/ }).click()
        expect(await background(a)).toBe(light)
        await a.page.getByRole('button', { name: /^Theme/ }).click()
        expect(await background(a)).toBe(dark)
      },
      { colorScheme: 'dark' },
    ))

  test.for([360, 390, 768, 1280])('fit %d pixels without scrolling sideways', (width, context) =>
    demo.visiting(
      context,
      async (a) => {
        await a.page.getByRole('button', { name: 'Send burst' }).click()
        await a.soon(() => a.count('Acknowledged')).toBeGreaterThan(1_000)
        const overflow = await a.page.evaluate(() => {
          const right = document.documentElement.clientWidth
          const inside = (element: Element): boolean =>
            element.getBoundingClientRect().right <= right + 0.5 || element.closest('.skip, .lines') !== null
          return [...document.body.querySelectorAll('*')]
            .filter((element) => !inside(element))
            .map((element) => element.outerHTML.slice(0, 80))
        })
        expect(overflow).toEqual([])
        expect(await a.page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
      },
      { viewport: { width, height: 800 } },
    ),
  )
})
