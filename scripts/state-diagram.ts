// The state diagram of the connection, made by walking `transition`. Renew docs/state-diagram.md with
// `npx vitest run --project node test/client/connection-diagram -u`; a test fails while the file is stale.
import { policyWith, walk } from '../test/support/lifecycle-walk.ts'

const HEAD = `# The lifecycle of a connection

Made from \`transition\` in \`packages/client/src/connection.ts\` by walking every reachable state with every event. Do not edit: see
\`scripts/state-diagram.ts\`. An arrow names the events that can lead from one state to another; which of several it is depends on the
close code (PROTOCOL.md §9.1), on the transports that are left and on the platform's belief about the network. \`close\` leads from every
state to \`closed\`, \`disconnect\` and \`reconnect\` from every state that has begun to \`idle\` and to the beginning of an attempt; they are left out,
and so is \`frozen\`, which leads from every state with an attempt or a link to \`offline\`.
`

const LEFT_OUT = new Set(['close', 'disconnect', 'reconnect', 'frozen'])

/** The page as it should be. */
export function stateDiagram(): string {
  const arrows = new Map<string, Set<string>>()
  for (const policy of [
    policyWith({ transports: 2, maxAttempts: 1 }),
    policyWith({ transports: 2, maxAttempts: 1, credential: 'renewable' }),
  ])
    for (const { from, event, to } of walk(policy)) {
      if (from.state.at === to.state.at || LEFT_OUT.has(event.type)) continue
      const arrow = `${from.state.at} --> ${to.state.at}`
      arrows.set(arrow, (arrows.get(arrow) ?? new Set()).add(event.type))
    }
  const lines = [...arrows].map(([arrow, events]) => `  ${arrow}: ${[...events].sort().join(', ')}`).sort()
  return [HEAD, '```mermaid', 'stateDiagram-v2', '  [*] --> idle', ...lines, '```', ''].join('\n')
}
