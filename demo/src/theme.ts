// Light, dark, or whatever the system says.
import { memory, say } from './dom.ts'

const order = ['system', 'light', 'dark'] as const
type Theme = (typeof order)[number]
const signs: Record<Theme, string> = { system: '◐', light: '☀', dark: '☾' }

export function createTheme(button: HTMLButtonElement): { next(): void } {
  let theme: Theme = order.find((name) => name === memory.get('theme')) ?? 'system'
  function apply(): void {
    if (theme === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
    say(button, signs[theme])
    button.setAttribute('aria-label', `Theme: ${theme}. Change`)
    button.title = `Theme: ${theme}`
  }
  function next(): void {
    theme = order[(order.indexOf(theme) + 1) % order.length]!
    memory.set('theme', theme)
    apply()
  }
  button.addEventListener('click', next)
  apply()
  return { next }
}
