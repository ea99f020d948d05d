// The few things every part of the page does with the DOM. Text only ever goes in as text.

export function byId<T extends Element>(id: string, kind: new () => T): T {
  const element = document.getElementById(id)
  if (element instanceof kind) return element
  throw new Error(`The page has no ${kind.name} #${id}`)
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children)
  return element
}

/** Writes only what changed, so that live regions and selections stay quiet. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

const whole = new Intl.NumberFormat('en')
export const count = (n: number): string => whole.format(n)

export function milliseconds(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`
}

export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(n, 1)) / 10))
  const value = n / 2 ** (10 * power)
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`
}

/** `1 gap`, `2 gaps`. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`

export const clockTime = (at: number): string => new Date(at).toLocaleTimeString('en-GB')

/** Keeps something small across visits; private windows may refuse, and nothing depends on it. */
export const memory = {
  get(key: string): string | null {
    try {
      return localStorage.getItem(`holdfast-demo.${key}`)
    } catch {
      return null
    }
  },
  set(key: string, value: string): void {
    try {
      localStorage.setItem(`holdfast-demo.${key}`, value)
    } catch {
      // Storage is refused: the choice lasts as long as the page.
    }
  },
}
