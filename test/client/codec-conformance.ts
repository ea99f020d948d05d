// What every payload codec must do, as the testing package has it for everybody's codec; the test of each calls this with what it carries.
import { codecChecks, type CodecUnderTest } from '@holdfast/testing/codec'
import { describe, expect, test } from 'vitest'

export function testCodec(name: string, given: CodecUnderTest): void {
  describe(`the codec ${name}`, () => {
    const checks = codecChecks(given).map(({ title, run }) => [title, run] as const)
    test.each(checks)('%s', (_, run) => expect(run).not.toThrow())
  })
}
