import { fileURLToPath } from 'node:url'
import { defaultClientConditions, defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

// Packages resolve to each other's sources, in both of the ways vitest resolves: tests need no build.
const source = '@holdfast/source'
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
/** Its ES modules: the aliases reach what they import, too. */
const testingLibrary = 'node_modules/@testing-library/react/dist/@testing-library/react.esm.js'

export default defineConfig({
  resolve: { conditions: [source, ...defaultClientConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    pool: 'threads',
    maxWorkers: 2,
    // Scenarios that run side by side mostly wait: for a back-off, a deadline, a cut.
    maxConcurrency: 10,
    // For a condition that comes true as a rule at once, and late on a machine that is busy otherwise.
    expect: { poll: { timeout: 30_000 } },
    coverage: { provider: 'v8', include: ['packages/*/src/**'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          // The examples of the docs, as they are written out to be run.
          exclude: ['test/browser/**', 'test/soak/**', 'test/docs/dist/**'],
          testTimeout: 60_000,
        },
      },
      {
        // The older React that the adapter works with, by the same tests.
        extends: true,
        resolve: {
          alias: [
            { find: /^(react|react-dom)($|\/)/, replacement: `${at('test/react-18/node_modules')}/$1$2` },
            { find: '@testing-library/react', replacement: at(testingLibrary) },
          ],
        },
        test: {
          name: 'node, React 18',
          include: ['test/react/**/*.test.ts'],
          exclude: ['test/react/types.test.ts'],
          server: { deps: { inline: [testingLibrary] } },
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: 'scripts/browser-setup.ts',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: { name: 'soak', include: ['test/soak/**/*.test.ts'], fileParallelism: false, testTimeout: 1_800_000 },
      },
    ],
  },
})
