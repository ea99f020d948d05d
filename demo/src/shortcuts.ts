// Single keys for everything that is done often; they can be switched off, and never act while somebody is typing.
import { byId, make, memory } from './dom.ts'

export interface Shortcut {
  key: string
  means: string
  act(): void
}

export function createShortcuts(shortcuts: readonly Shortcut[]): void {
  const dialog = byId('keys', HTMLDialogElement)
  const on = byId('keys-on', HTMLInputElement)
  const byKey = new Map(shortcuts.map((shortcut) => [shortcut.key.toLowerCase(), shortcut]))
  const open = (): void => dialog.showModal()

  for (const { key, means } of shortcuts) {
    byId('keys-list', HTMLElement).append(
      make('dt', {}, make('kbd', { textContent: key })),
      make('dd', { textContent: means }),
    )
  }
  byId('help', HTMLButtonElement).addEventListener('click', open)
  on.checked = memory.get('keys') !== 'off'
  on.addEventListener('change', () => memory.set('keys', on.checked ? 'on' : 'off'))

  document.addEventListener('keydown', (event) => {
    const { target, key } = event
    if (!on.checked || dialog.open || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return
    if (target instanceof HTMLElement && target.closest('input:not([type=range]):not([type=radio]), select, textarea'))
      return
    const shortcut = byKey.get(key.toLowerCase())
    if (key === '?') open()
    else if (!shortcut) return
    shortcut?.act()
    event.preventDefault()
  })
}
