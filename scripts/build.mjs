// Builds everything that is published, and the demo: declarations by the native compiler, then every row of rollup.config.ts.
import { spawnSync } from 'node:child_process'
import { copyFileSync, readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

function node(...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const packages = readdirSync('packages').map((name) => `packages/${name}`)
const built = ['.dts', 'demo/dist', ...packages.map((folder) => `${folder}/dist`)]
for (const path of built) rmSync(path, { recursive: true, force: true })
// npm packs a license only from the package's own folder.
for (const folder of packages) copyFileSync('LICENSE', `${folder}/LICENSE`)

for (const project of ['tsconfig.build.json', 'tsconfig.build.node.json']) {
  node('node_modules/@typescript/native/bin/tsc', '-p', project)
}
node('node_modules/rollup/dist/bin/rollup', '-c', 'rollup.config.ts', '--configPlugin', 'esbuild', '--silent')
