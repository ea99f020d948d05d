// Virtual time that begins at a round number.
import { virtualClock, type VirtualClock } from '@holdfast/testing/memory'

export { settled, type VirtualClock } from '@holdfast/testing/memory'

export const createVirtualClock = (): VirtualClock => virtualClock({ start: 1_000_000 })
