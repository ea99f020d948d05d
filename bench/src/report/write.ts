// Writes docs/benchmarks.md and its plots; says whether they are what the results make of them.
import { existsSync, readFileSync, rmSync, readdirSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { fileURLToPath } from 'node:url'
import { parts, read } from '../results.ts'
import { pageOf } from './page.ts'
import type { Results } from './targets.ts'

const PAGE = '../docs/benchmarks.md'
const IMAGES = '../docs/images/'

export const readAll = (root: URL): Results =>
  Object.fromEntries(
    parts.flatMap((part) => {
      const result = read(root, part)
      return result ? [[part, result]] : []
    }),
  )

/** Every file of the page, by its path from the bench, as it should be. */
async function wanted(root: URL): Promise<Record<string, string>> {
  const { markdown, plots } = pageOf(readAll(root))
  const options = await resolveConfig(fileURLToPath(new URL(PAGE, root)))
  const files: Record<string, string> = { [PAGE]: await format(markdown, { ...options, parser: 'markdown' }) }
  for (const [name, svg] of Object.entries(plots)) files[IMAGES + name] = svg
  return files
}

const plotsIn = (root: URL): string[] =>
  readdirSync(new URL(IMAGES, root))
    .filter((name) => name.startsWith('bench-'))
    .map((name) => IMAGES + name)

/** Files that are not what the results make of them, missing and left over ones included. */
export async function stale(root: URL): Promise<string[]> {
  const files = await wanted(root)
  const wrong = Object.entries(files)
    .filter(([path, text]) => !existsSync(new URL(path, root)) || readFileSync(new URL(path, root), 'utf8') !== text)
    .map(([path]) => path)
  return [...wrong, ...plotsIn(root).filter((path) => !(path in files))]
}

export async function writePage(root: URL): Promise<void> {
  for (const path of plotsIn(root)) rmSync(new URL(path, root))
  for (const [path, text] of Object.entries(await wanted(root))) writeFileSync(new URL(path, root), text)
}
