// React as an application has it. Both versions run the same tests: the older one by the aliases in vitest.config.ts.
import { act, cleanup } from '@testing-library/react'
import { Component, createElement, type FunctionComponent, type ReactNode } from 'react'
import type { AdapterRig } from '../support/adapter-rig.ts'

declare global {
  var IS_REACT_ACT_ENVIRONMENT: boolean
}
globalThis.IS_REACT_ACT_ENVIRONMENT = true

export { cleanup }

/** Acts, lets the server answer, and React render. */
export const acting = (rig: AdapterRig, go: () => void = () => {}): Promise<void> =>
  act(async () => {
    go()
    await rig.answer()
  })

/** A component of this function, without properties. */
export const h = (component: FunctionComponent, ...children: ReactNode[]): ReactNode =>
  createElement(component, null, ...children)

/** Shows the code of what was thrown below it. */
export class Boundary extends Component<{ children?: ReactNode; caught(error: unknown): void }, { failed?: true }> {
  override state: { failed?: true } = {}
  static getDerivedStateFromError = (): { failed: true } => ({ failed: true })
  override componentDidCatch(error: unknown): void {
    this.props.caught(error)
  }
  override render(): ReactNode {
    return this.state.failed ? null : this.props.children
  }
}
