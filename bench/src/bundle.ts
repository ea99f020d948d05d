// Bundles what runs in processes and pages of its own. Libraries stay outside in Node, where their users have them; in a page they are bundled
// and minified as an application would.
import { fileURLToPath } from 'node:url'
import { build, type BuildOptions } from 'esbuild'
import { contestants, type Contestant, type Library } from './contract.ts'

/** Where everything is built to: below the workspace, so that its dependencies are found from there. */
const DIST = 'dist'

export interface BundleOptions {
  /** The folder of this workspace. */
  root: URL
  /** Of Holdfast: what is published, or the sources, which need no build. */
  holdfast: 'dist' | 'source'
}

export interface Bundles {
  /** Path of a program: `server-process`, `client-process` and so on. */
  program(name: string): string
  /** Path of a page's script. */
  page(name: Library): string
}

const programs = ['server-process', 'client-process', 'heap-process', 'recovery-process', 'load-server', 'load-clients']

export async function bundle({ root, holdfast }: BundleOptions): Promise<Bundles> {
  const folder = fileURLToPath(new URL(`${DIST}/${holdfast}/`, root))
  const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, root))
  const common: BuildOptions = {
    bundle: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
    outdir: folder,
    conditions: holdfast === 'source' ? ['@holdfast/source'] : [],
  }
  await build({
    ...common,
    entryPoints: programs.map((name) => source(`${name}.ts`)),
    platform: 'node',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    external: [
      'ws',
      'ioredis',
      'partysocket',
      'socket.io',
      'socket.io-client',
      '@microsoft/signalr',
      'centrifuge',
      'phoenix',
    ].concat(holdfast === 'dist' ? ['@holdfast/*'] : []),
  })
  const pageOf = (name: Contestant): Promise<unknown> =>
    build({
      ...common,
      entryPoints: { [`page-${name}`]: source('page.ts') },
      format: 'iife',
      minify: true,
      define: { 'process.env.NODE_ENV': '"production"' },
      alias: { contestant: source(`clients/${name.replace('.', '-')}.ts`) },
    })
  await Promise.all(contestants.map(pageOf))
  return {
    program: (name) => `${folder}${name}.js`,
    page: (name) => `${folder}page-${name}.js`,
  }
}
