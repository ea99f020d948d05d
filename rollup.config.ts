// Every file that is published, one row per bundle; `npm run build` empties dist and emits `.dts/` first.
import { existsSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { build } from 'esbuild'
import type { OutputOptions, Plugin, RollupOptions } from 'rollup'
import { dts } from 'rollup-plugin-dts'
import esbuild, { minify } from 'rollup-plugin-esbuild'

interface Bundle {
  /** Folder of the bundle; inputs and outputs are below it. */
  at: string
  /** Output name -> source. Entries of one row share chunks, so `/auto` and `.` hold one registry between them. */
  input: Record<string, string>
  /** Runtime dependencies that stay imports. Everything else, the protocol first of all, is inlined. */
  external?: string[]
  format: 'packages' | 'script' | 'module' | 'demo'
  target: 'es2020' | 'es2022'
  /** A page of a framework, which is CommonJS or asks how it is built: esbuild makes one module of it, for production. */
  whole?: true
  /** First line of the code. */
  banner?: string
}

const messagePack = { 'message-pack': 'src/message-pack.ts' }
const clientEntries = {
  index: 'src/index.ts',
  auto: 'src/auto.ts',
  plain: 'src/plain.ts',
  'drop-in': 'src/drop-in.ts',
  'message-pack': 'src/codecs/message-pack.ts',
  protobuf: 'src/codecs/protobuf.ts',
  xml: 'src/codecs/xml.ts',
}
const script = { holdfast: 'src/auto.ts' }
const index = { index: 'src/index.ts' }

const bundles: Bundle[] = [
  {
    at: 'packages/protocol',
    input: { ...index, ...messagePack },
    external: ['@msgpack/msgpack'],
    format: 'packages',
    target: 'es2020',
  },
  {
    at: 'packages/client',
    input: clientEntries,
    external: ['mitt', '@msgpack/msgpack', '@bufbuild/protobuf'],
    format: 'packages',
    target: 'es2020',
  },
  { at: 'packages/client', input: script, format: 'script', target: 'es2020' },
  { at: 'packages/client', input: script, format: 'module', target: 'es2020' },
  {
    at: 'packages/server',
    input: { ...index, ...messagePack },
    external: ['ws', '@msgpack/msgpack'],
    format: 'packages',
    target: 'es2022',
  },
  {
    at: 'packages/react',
    input: index,
    external: ['react', '@holdfast/client'],
    format: 'packages',
    target: 'es2020',
    // Its importers need not say so themselves where components are for the server unless they say otherwise.
    banner: "'use client'",
  },
  { at: 'packages/vue', input: index, external: ['vue', '@holdfast/client'], format: 'packages', target: 'es2020' },
  {
    at: 'packages/redis',
    input: index,
    external: ['ioredis', '@holdfast/server'],
    format: 'packages',
    target: 'es2022',
  },
  {
    at: 'packages/testing',
    input: { ...index, memory: 'src/memory.ts', codec: 'src/codec.ts' },
    format: 'packages',
    target: 'es2022',
  },
  // The demo is built from the published files above, as an application would be.
  { at: 'demo', input: { main: 'src/main.ts' }, format: 'demo', target: 'es2022' },
  { at: 'demo', input: { react: 'react/main.tsx' }, whole: true, format: 'demo', target: 'es2022' },
  { at: 'demo', input: { vue: 'vue/main.ts' }, whole: true, format: 'demo', target: 'es2022' },
  { at: 'demo', input: { server: 'server.ts' }, external: ['ws'], format: 'demo', target: 'es2022' },
]

const esm: OutputOptions = { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'shared.js' }
const cjs: OutputOptions = { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: 'shared.cjs' }

/** The files for pages without a bundler hold everything, minified; names that start with `_` are private and shortened. */
const small = (target: string) => [minify({ target, mangleProps: /^_/, legalComments: 'none' })]

const wholeModule = (target: string): Plugin => ({
  name: 'whole-module',
  async load(id) {
    const { outputFiles } = await build({
      entryPoints: [id],
      bundle: true,
      write: false,
      format: 'esm',
      target,
      minify: true,
      define: {
        'process.env.NODE_ENV': '"production"',
        __VUE_OPTIONS_API__: 'false',
        __VUE_PROD_DEVTOOLS__: 'false',
        __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
      },
    })
    return outputFiles[0]!.text
  },
})

function outputs({ format, target }: Bundle): OutputOptions[] {
  switch (format) {
    case 'packages':
      return [esm, cjs]
    case 'script':
      return [{ format: 'iife', name: 'Holdfast', entryFileNames: '[name].min.js', plugins: small(target) }]
    case 'module':
      return [{ format: 'es', entryFileNames: '[name].module.min.js', plugins: small(target) }]
    case 'demo':
      return [esm]
  }
}

const inputs = ({ at, input }: Bundle, root = '', change = (path: string) => path): Record<string, string> =>
  Object.fromEntries(Object.entries(input).map(([name, path]) => [name, `${root}${at}/${change(path)}`]))

const isBuiltin = (id: string): boolean => id.startsWith('node:') || builtinModules.includes(id)

function code(bundle: Bundle): RollupOptions {
  const { at, external = [], format, target, whole, banner } = bundle
  return {
    input: inputs(bundle),
    external: (id) => external.includes(id) || isBuiltin(id),
    plugins: whole
      ? [wholeModule(target)]
      : [
          nodeResolve({ extensions: ['.ts', '.js'], exportConditions: format === 'demo' ? [] : ['@holdfast/source'] }),
          esbuild({ target, sourceMap: true, tsconfig: 'tsconfig.json' }),
        ],
    output: outputs(bundle).map((output) => ({
      ...output,
      dir: `${at}/dist`,
      banner: banner ?? '',
      sourcemap: !whole,
      hoistTransitiveImports: false,
    })),
  }
}

function types(bundle: Bundle): RollupOptions {
  const output = (end: string): OutputOptions => ({
    dir: `${bundle.at}/dist`,
    format: 'es',
    entryFileNames: `[name].${end}`,
    chunkFileNames: `shared.${end}`,
    hoistTransitiveImports: false,
  })
  return {
    input: inputs(bundle, '.dts/', (path) => path.replace(/\.ts$/, '.d.ts')),
    external: (id) => bundle.external?.includes(id) || isBuiltin(id),
    plugins: [dts({ tsconfig: 'tsconfig.dts.json' })],
    output: [output('d.ts'), output('d.cts')],
  }
}

const present = bundles.filter((bundle) => Object.values(inputs(bundle)).every((path) => existsSync(path)))

export default present.flatMap((bundle) =>
  bundle.format === 'packages' ? [code(bundle), types(bundle)] : [code(bundle)],
)
