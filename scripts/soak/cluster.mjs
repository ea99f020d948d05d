// A crowd of clients on three nodes that are killed in turn: test/soak/cluster.test.ts, by vitest. Returns whether every promise was kept.
import { spawnSync } from 'node:child_process'

export function runClusterSoak({ clients, minutes, seed }) {
  const given = { SOAK_CLIENTS: clients, SOAK_MINUTES: minutes, SOAK_SEED: seed }
  const env = Object.fromEntries(
    Object.entries({ ...process.env, ...given }).filter(([, value]) => value !== undefined),
  )
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'soak', 'test/soak/cluster.test.ts']
  return spawnSync(process.execPath, args, { env, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
}
