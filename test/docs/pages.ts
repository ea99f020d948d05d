// The pages that people read, taken apart: examples and tables.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

export interface Example {
  /** From the root. */
  page: string
  /** Of the first line of code, from 1. */
  line: number
  language: string
  /** What its first line calls it (`// server.ts`). */
  name: string | undefined
  code: string
}

const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md'], {
  encoding: 'utf8',
})

/** Every page but the protocol, whose examples are exchanges. */
export const pages: readonly string[] = list
  .split('\0')
  .filter((path) => path && existsSync(path) && !path.endsWith('PROTOCOL.md'))

export function examplesOf(page: string): Example[] {
  const text = readFileSync(page, 'utf8')
  // Of a Vue component, its script: a module like any other.
  const blocks = text.matchAll(
    /^```(?:vue\n<script setup lang="(ts)">\n([\s\S]*?)^<\/script>|(\w+)\n([\s\S]*?)^```)$/gm,
  )
  return [...blocks].map(({ index, 1: ofVue, 2: script = '', 3: language = '', 4: whole = '' }) => {
    const code = ofVue ? script : whole
    return {
      page,
      line: text.slice(0, index).split('\n').length + (ofVue ? 2 : 1),
      language: ofVue ?? language,
      name: /^\/\/ ([\w.-]+\.[jt]sx?)\n/.exec(code)?.[1],
      code,
    }
  })
}

/** The example of that name. */
export function exampleNamed(page: string, name: string): Example {
  const found = examplesOf(page).find((example) => example.name === name)
  if (!found) throw new Error(`${page} has no example ${name}`)
  return found
}

/** Rows of all tables of a page whose first cell is code; cells without backticks and escapes. */
export function rowsOf(page: string): string[][] {
  return readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.replace(/[`\\]/g, '').trim()),
    )
}
