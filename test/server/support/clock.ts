/** Virtual time: nothing happens until it is advanced, and then in order. */
import { virtualClock, type VirtualClock } from '@holdfast/testing/memory'

export { settled, type VirtualClock } from '@holdfast/testing/memory'

export const createClock = (start?: number): VirtualClock => virtualClock(start === undefined ? {} : { start })
