// What is published works for those who install it: manifests and types by publint and attw, then each entry loaded both ways,
// and compiled against as by an application that checks everything with an older `lib`.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
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

/** Declarations stand by themselves: no newer library than they say, no types of Node where there is a page, nothing that is left unchecked. */
function checkTypes(name, ids, types) {
  const folder = `.dts/${name}`
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2022', 'DOM'],
    types,
    module: 'ESNext',
    moduleResolution: 'bundler',
    strict: true,
    noEmit: true,
    skipLibCheck: false,
  }
  mkdirSync(folder, { recursive: true })
  const imports = ids.map((id, n) => `import * as entry${n} from '${id}'\n`)
  writeFileSync(`${folder}/index.ts`, `${imports.join('')}export default [${ids.map((_, n) => `entry${n}`).join()}]\n`)
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, files: ['index.ts'] }))
  run(folder, 'node_modules/@typescript/native/bin/tsc', '--pretty', 'false', '-p')
}

const entries = { page: [], node: [] }
for (const folder of readdirSync('packages').map((name) => `packages/${name}`)) {
  const { name, exports, dependencies, peerDependencies } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  run(folder, 'node_modules/publint/src/cli.js', '--strict')
  run(folder, 'node_modules/@arethetypeswrong/cli/dist/index.js', '--quiet', '--pack')
  checkImports(folder, { ...dependencies, ...peerDependencies })
  for (const entry of Object.keys(exports).filter((path) => path !== './package.json')) {
    await checkEntry(name + entry.slice(1))
    entries[/server|redis|testing/.test(name) ? 'node' : 'page'].push(name + entry.slice(1))
  }
}
checkTypes('page', entries.page, [])
checkTypes('node', entries.node, ['node'])

for (const fault of faults) console.error(fault)
if (faults.length === 0) console.log('Manifests, types, imports and exports are sound')
process.exitCode = faults.length > 0 ? 1 : 0
