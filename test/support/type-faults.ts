// Whether the compiler finds exactly the lines wrong that a text says are wrong.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder, typeFaults } from '../docs/workshop.ts'

/** Lines that end in `// wrong`, and lines that the compiler refuses: by name of the file, from 1. */
export function judge(name: string, files: Record<string, string>): Record<'said' | 'found', string[]> {
  const folder = makeFolder(name)
  mkdirSync(folder, { recursive: true })
  const said = Object.entries(files).flatMap(([file, text]) => {
    writeFileSync(join(folder, file), text)
    return text.split('\n').flatMap((line, i) => (line.endsWith('// wrong') ? [`${file}:${i + 1}`] : []))
  })
  const found = typeFaults(folder).map((fault) => fault.replace(/^.*\/([\w.]+)\((\d+),.*$/, '$1:$2'))
  return { said, found: [...new Set(found)] }
}
