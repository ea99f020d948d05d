import type { Case } from './case.ts'
import { networkCases } from './network.ts'
import { hiddenCase, pageCases } from './page.ts'
import { serverCases } from './server.ts'

/** The short ones first. */
export const cases: readonly Case[] = [...networkCases, ...serverCases, ...pageCases, hiddenCase]
