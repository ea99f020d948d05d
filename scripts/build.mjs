// Builds everything that is published, and the demo: declarations by the native compiler, then every row of rollup.config.ts.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

// For pages that load the client from a CDN and let the browser check it: Subresource Integrity, docs/script-tag.md.
const client = 'packages/client/dist'
const scripts = ['holdfast.min.js', 'holdfast.module.min.js']
const hash = (name) =>
  `sha384-${createHash('sha384')
    .update(readFileSync(`${client}/${name}`))
    .digest('base64')}`
const integrity = Object.fromEntries(scripts.map((name) => [name, hash(name)]))
writeFileSync(`${client}/integrity.json`, `${JSON.stringify(integrity, null, 2)}\n`)
for (const [name, value] of Object.entries(integrity)) console.log(`${name} ${value}`)
