/**
 * What a codec owes, as checks that any test runner can run: `for (const { title, run } of codecChecks({ ... })) test(title, run)`. Needs no Node.
 *
 * @packageDocumentation
 */
export { codecChecks, type CodecUnderTest } from './codecs/payload.ts'
export { wireCodecChecks, type WireCodecUnderTest } from './codecs/wire.ts'
export type { Check } from './codecs/compare.ts'
