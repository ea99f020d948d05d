// Every relative link of every Markdown file leads to a file, and to a heading of it where it names one.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md'], {
  encoding: 'utf8',
})
const pages = listed.stdout.split('\0').filter((path) => path && existsSync(path))

const prose = (path) => readFileSync(path, 'utf8').replace(/^(```|~~~)[\s\S]*?^\1/gm, '')

/** The anchors GitHub makes of a page's headings. */
function anchors(path) {
  const seen = new Map()
  return prose(path)
    .split('\n')
    .filter((line) => /^#{1,6} /.test(line))
    .map((line) => {
      const text = line.replace(/^#+ /, '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      const slug = text
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-')
      const count = seen.get(slug) ?? 0
      seen.set(slug, count + 1)
      return count === 0 ? slug : `${slug}-${count}`
    })
}

const faults = []
for (const page of pages) {
  const text = prose(page).replace(/`[^`\n]*`/g, '')
  const links = [...text.matchAll(/\]\(([^)\s]+)[^)]*\)/g), ...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(
    (match) => match[1],
  )
  for (const link of links.filter((to) => !/^[a-z]+:/i.test(to))) {
    const [path, anchor] = link.split('#')
    const target = path ? normalize(join(dirname(page), decodeURI(path))) : page
    if (!existsSync(target)) faults.push(`${page}: ${link} leads nowhere`)
    else if (anchor && target.endsWith('.md') && !anchors(target).includes(anchor))
      faults.push(`${page}: ${link}: no such heading`)
  }
}
for (const fault of faults) console.error(fault)
console.log(`${pages.length} pages, ${faults.length} broken links`)
process.exitCode = faults.length > 0 ? 1 : 0
