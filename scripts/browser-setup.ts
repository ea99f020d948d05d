// Before the browser tests: a browser, or a failure that says how to get one. Tests read its path with `inject('browserPath')`.
import type {} from 'vitest'
import type { TestProject } from 'vitest/node'
import { findBrowser } from './browser.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Executable of a Chromium-family browser, for playwright-core's `launch({ executablePath })`. */
    browserPath: string
  }
}

export default async function setup(project: TestProject): Promise<void> {
  project.provide('browserPath', await findBrowser())
}
