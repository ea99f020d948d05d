// Every example of every page compiles against the real types; those that stand by themselves are run.
import { readFileSync, writeFileSync } from 'node:fs'
import { connect as dial, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Log } from '@holdfast/server'
import { describe, expect, test } from 'vitest'
import { compileScript, parse } from 'vue/compiler-sfc'
import { testLog } from '../server/log-conformance.ts'
import { until } from '../support/world.ts'
import { exampleNamed, examplesOf, pages } from './pages.ts'
import { bundle, makeFolder, run, typeFaults, writeExample } from './workshop.ts'

const compiled = pages.flatMap(examplesOf).filter(({ language }) => /^(tsx?|js|typescript|javascript)$/.test(language))

test('every example compiles, and one that does not is named by page and line', { timeout: 60_000 }, () => {
  const folder = makeFolder('types')
  const code = `import { connect } from '@holdfast/client/auto'\nconnect<{ a: number }>('/').send('b', 1)\n`
  const wrong = { page: 'docs/wrong.md', line: 12, language: 'ts', name: undefined, code }
  expect(compiled.length).toBeGreaterThan(15)
  for (const example of [...compiled, wrong]) writeExample(folder, example)
  expect(typeFaults(folder)).toEqual([expect.stringMatching(/docs\.wrong\.md\/line-12\.ts\(13,34\): error.*'"b"'/)])
})

test('every Vue component compiles as a whole, its template with what its script gives it', () => {
  const components = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/^```vue\n([\s\S]*?)^```$/gm)].map(([, source = '']) => ({ page, source })),
  )
  expect(components.length).toBeGreaterThan(2)
  for (const { page, source } of components) {
    const { descriptor, errors } = parse(source, { filename: page })
    const { content, bindings } = compileScript(descriptor, { id: page, inlineTemplate: true })
    expect({ page, errors, isWhole: content.includes('_openBlock') }).toEqual({ page, errors: [], isWhole: true })
    // What the template names and the script does not give is asked of the component itself or of the application, where nothing is.
    expect({
      page,
      bindings: Object.keys(bindings ?? {}).length > 0,
      strange: content.match(/_ctx\.\w+|_resolveComponent\("\w+"/g),
    }).toEqual({
      page,
      bindings: true,
      strange: null,
    })
  }
})

/** Below those that systems give away: nobody takes it between this look and its use. */
async function freePort(): Promise<number> {
  const port = 10_000 + Math.floor(Math.random() * 20_000)
  const server = createTcpServer()
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => resolve(true))
  })
  if (!isFree) return freePort()
  await new Promise((resolve) => server.close(resolve))
  return port
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = dial(port, '127.0.0.1')
    socket.once('connect', () => (socket.destroy(), resolve(true)))
    socket.once('error', () => resolve(false))
  })

test('the quick start does what it says, server and client', async () => {
  const folder = makeFolder('quick-start')
  const port = await freePort()
  const make = (name: string): Promise<string> => {
    const path = writeExample(folder, exampleNamed('README.md', name))
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('8080', String(port)))
    return bundle(path)
  }
  const [serverFile, clientFile] = await Promise.all([make('server.ts'), make('client.ts')])
  writeFileSync(join(serverFile, '../index.html'), 'a page')
  const server = run(serverFile)
  await until(() => isListening(port), 'the server to listen')
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('a page')
  const client = run(clientFile)
  try {
    await client.prints('Ada: hi')
    await client.prints('handled as')
    await client.prints('rejected empty')
  } finally {
    client.stop()
    server.stop()
    await Promise.all([client.ended, server.ended])
  }
})

test('the transport of the guide carries a session, and leaves nothing behind', async () => {
  const folder = makeFolder('transport')
  const page = 'docs/write-a-transport.md'
  writeExample(folder, exampleNamed(page, 'in-process.ts'))
  const use = examplesOf(page).find(({ code }) => code.includes('./in-process.ts'))!
  expect(await run(await bundle(writeExample(folder, use))).ended).toBe('hello\n')
})

test('the dialect of the guide loses nothing on a server that loses its links', async () => {
  const page = 'docs/write-a-dialect.md'
  const folder = makeFolder('dialect')
  writeExample(folder, exampleNamed(page, 'arrays.ts'))
  const output = await run(await bundle(writeExample(folder, exampleNamed(page, 'try-arrays.ts')))).ended
  expect(output).toBe('secrets: Not for you. (refused)\n9900 from 100 messages\n')
})

test('the codecs of the guide keep the contract, by the checks that the guide names', async () => {
  const folder = makeFolder('codec')
  const page = 'docs/write-a-codec.md'
  writeExample(folder, exampleNamed(page, 'query-string.ts'))
  const ofOwn = writeExample(folder, exampleNamed(page, 'prove-query-string.ts'))
  const ofWire = writeExample(
    folder,
    examplesOf(page).find(({ code }) => code.includes('wireCodecChecks({'))!,
  )
  for (const [path, count] of [
    [ofOwn, 6],
    [ofWire, 9],
  ] as const) {
    const output = await run(await bundle(path)).ended
    expect(output).toMatch(new RegExp(`pass ${count}\\b`))
    expect(output).toMatch(/fail 0\b/)
  }
})

test('the example of the protocol package prints what its comment says', async () => {
  const example = examplesOf('packages/protocol/README.md')[0]!
  const output = await run(await bundle(writeExample(makeFolder('protocol'), example))).ended
  expect(output).toBe(`[["ping",1]] [ [ 'pong', 1 ] ] now\n`)
})

describe('the log of the guide keeps the contract', async () => {
  const path = await bundle(writeExample(makeFolder('log'), exampleNamed('docs/write-a-log.md', 'array-log.ts')))
  const { arrayLog } = (await import(pathToFileURL(path).href)) as {
    arrayLog(): Log & { trim(topic: string, upTo: number): void }
  }
  testLog(() => {
    const log = arrayLog()
    return { log, trim: log.trim }
  })
})
