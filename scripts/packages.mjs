// What is published works for those who install it: manifests and types by publint and attw, then each entry loaded both ways.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const require = createRequire(import.meta.url)
const faults = []

function run(folder, tool, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [tool, ...args, folder], { encoding: 'utf8' })
  if (status !== 0) faults.push(`${folder}: ${tool} ${args.join(' ')}\n${stdout}${stderr}`)
}

/** Code and types import only what the manifest names: the protocol is inlined. */
function checkImports(folder, dependencies) {
  for (const name of readdirSync(`${folder}/dist`).filter((file) => !file.endsWith('.map'))) {
    const text = readFileSync(`${folder}/dist/${name}`, 'utf8')
    const ids = [...text.matchAll(/^(?:import|export)\b[^'"]*?['"]([^'"]+)['"]|\brequire\(['"]([^'"]+)['"]\)/gm)]
    const strange = ids.map(([, id, required]) => id ?? required).filter((id) => !id.startsWith('.') && !isBuiltin(id))
    for (const id of new Set(strange)) if (!(id in dependencies)) faults.push(`${folder}/dist/${name} imports ${id}`)
  }
}

/** `import` and `require` of an entry give the same names. */
async function checkEntry(id) {
  const esm = Object.keys(await import(id)).filter((name) => name !== 'default')
  const cjs = Object.keys(require(id))
  if (esm.toSorted().join() !== cjs.toSorted().join())
    faults.push(`${id}: import gives ${esm.join()}, require gives ${cjs.join()}`)
}

for (const folder of readdirSync('packages').map((name) => `packages/${name}`)) {
  const { name, exports, dependencies, peerDependencies } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  run(folder, 'node_modules/publint/src/cli.js', '--strict')
  run(folder, 'node_modules/@arethetypeswrong/cli/dist/index.js', '--quiet', '--pack')
  checkImports(folder, { ...dependencies, ...peerDependencies })
  for (const entry of Object.keys(exports).filter((path) => path !== './package.json'))
    await checkEntry(name + entry.slice(1))
}

for (const fault of faults) console.error(fault)
if (faults.length === 0) console.log('Manifests, types, imports and exports are sound')
process.exitCode = faults.length > 0 ? 1 : 0
