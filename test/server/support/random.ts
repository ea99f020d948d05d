/** Chance that comes again. */
export { seeded as createRandom } from '@holdfast/testing/memory'
