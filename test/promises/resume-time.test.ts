// How long a resume takes, in Node.
import { transportNames } from '../support/world.ts'
import { inNode } from './bench.ts'
import { describeResumeTime } from './resume-time.ts'

for (const transport of transportNames) describeResumeTime(inNode, transport)
