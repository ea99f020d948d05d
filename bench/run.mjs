// `npm run bench`: builds what is published, then the bench, then runs it. `--no-build` takes what was built before.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = new URL('../', import.meta.url)
process.chdir(fileURLToPath(root))

const args = process.argv.slice(2).filter((arg) => arg !== '--no-build')
if (args.length === process.argv.length - 2 || !existsSync('packages/server/dist')) {
  const { status } = spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) process.exit(1)
}
mkdirSync('bench/results', { recursive: true })
await build({
  entryPoints: ['bench/src/main.ts'],
  outfile: 'bench/dist/main.js',
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
})
const { status } = spawnSync(process.execPath, ['bench/dist/main.js', ...args], { stdio: 'inherit' })
process.exitCode = status ?? 1
