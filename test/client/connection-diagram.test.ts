import { expect, it } from 'vitest'
import { stateDiagram } from '../../scripts/state-diagram.ts'

it('the state diagram in the docs is that of the code', async () => {
  await expect(stateDiagram()).toMatchFileSnapshot('../../docs/state-diagram.md')
}, 60_000)
