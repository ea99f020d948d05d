// What an application pays: the bytes that an import of the built packages adds to its bundle, minified and gzipped.
import { build } from 'esbuild'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

/** What whoever uses an adapter has anyway. */
const adapted = ['react', 'vue', '@holdfast/client']

/** Limits in bytes; one that is exceeded fails the check. Why these: docs/decisions/0002-client-size.md. */
const entries = [
  { name: 'client, WebSocket only', code: "export { connect, webSocket } from '@holdfast/client'", limit: 13_216 },
  { name: 'client/auto', code: "export { connect } from '@holdfast/client/auto'", limit: 15_328 },
  {
    name: 'client/plain, WebSocket only',
    code: "export { connect, plain, webSocket } from '@holdfast/client/plain'",
    limit: 14_252,
  },
  {
    name: 'client/drop-in',
    code: "export { createWebSocketClass, holdfastServer } from '@holdfast/client/drop-in'",
    limit: 15_424,
  },
  {
    name: 'client/drop-in, plain server',
    code: "export { createWebSocketClass, plainServer } from '@holdfast/client/drop-in'",
    limit: 16_384,
  },
  { name: 'react', code: "export * from '@holdfast/react'", external: adapted, limit: 1_536 },
  { name: 'vue', code: "export * from '@holdfast/vue'", external: adapted, limit: 1_536 },
  { name: 'script file', path: 'packages/client/dist/holdfast.min.js', limit: 19_168 },
  { name: 'script file, module', path: 'packages/client/dist/holdfast.module.min.js', limit: 19_168 },
]

async function bundle(contents, external = []) {
  const { outputFiles, warnings } = await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    external,
    minify: true,
    format: 'esm',
    target: 'es2020',
    write: false,
    logLevel: 'error',
  })
  // A name that the package does not export is only a warning there.
  if (warnings.length > 0) throw new Error(`${contents}: ${warnings[0].text}`)
  return outputFiles[0].contents
}

const rows = []
for (const { name, code, path, external, limit } of entries) {
  if (path && !existsSync(path)) throw new Error(`${path} is missing: run npm run build first`)
  const bytes = path ? readFileSync(path) : await bundle(code, external)
  const gzip = gzipSync(bytes, { level: 9 }).length
  rows.push({ entry: name, min: bytes.length, 'min+gzip': gzip, limit, left: limit - gzip })
}
console.table(rows)

const over = rows.filter(({ left }) => left < 0)
for (const { entry, left } of over) console.error(`${entry} is ${-left} bytes over its limit`)
process.exitCode = over.length > 0 ? 1 : 0
