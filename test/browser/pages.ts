// One Chromium for a file of tests, a fresh page for each of them, and sites of this machine for it to go to.
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, inject } from 'vitest'

export interface Pages {
  readonly browser: Browser
  /** That of the test which runs. */
  readonly page: Page
}

/** Called at the top of a file: what is opened is closed with it. */
export function usePages(): Pages {
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: inject('browserPath') })
  })
  beforeEach(async () => {
    page = await browser.newPage()
  })
  afterEach(() => page.close())
  afterAll(() => browser?.close())
  return {
    get browser() {
      return browser
    },
    get page() {
      return page
    },
  }
}

export interface Site {
  /** Without a slash at its end. */
  readonly url: string
  readonly http: Server
  close(): Promise<void>
}

/** On loopback, at any port. */
export async function serveSite(listener: RequestListener): Promise<Site> {
  const http = createServer(listener)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    http,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
}
