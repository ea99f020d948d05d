import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const git = (...args: string[]): string[] => execFileSync('git', args, { encoding: 'utf8' }).split('\0').filter(Boolean)

const tracked = git('ls-files', '-z').filter(existsSync)
const texts = tracked.filter((path) => !/\.(png|jpe?g|webp|ico|woff2?)$/.test(path))

/** Folders of a developer's own machine; written in parts, so that this file passes its own check. */
const machinePath = new RegExp(`(^|[^\\w.])/(${['work', 'tmp', 'farm', 'root', 'home'].join('|')})/[a-z.]`)

interface Locked {
  resolved?: string
  optionalDependencies?: Record<string, string>
}

test('no tracked file names a path of somebody’s machine', () => {
  expect(machinePath.test(['cd ', 'home', 'someone'].join('/'))).toBe(true)
  const naming = (path: string): boolean => machinePath.test(readFileSync(path, 'utf8'))
  expect(texts.filter((path) => path !== 'package-lock.json' && naming(path))).toEqual([])
})

test('the lock holds every platform’s binaries and no download addresses, so that npm ci works anywhere', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> }
  const names = new Set(Object.keys(lock.packages).map((path) => path.split('node_modules/').at(-1)))
  const all = Object.values(lock.packages)
  expect(
    all.flatMap((entry) => Object.keys(entry.optionalDependencies ?? {})).filter((name) => !names.has(name)),
  ).toEqual([])
  expect(all.flatMap((entry) => entry.resolved ?? []).filter((address) => address.includes('://'))).toEqual([])
})

test('nothing that is built or installed is tracked', () => {
  expect(tracked.filter((path) => /(^|\/)(node_modules|dist|coverage|\.dts)\//.test(path))).toEqual([])
})
