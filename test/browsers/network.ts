// The network between two namespaces, and what happens to it. The runner and the browsers are in one, servers in the other; both end with
// their processes, so that nothing is left on the machine however a run ends.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { promisify } from 'node:util'

type Direction = 'up' | 'down' | 'both'

export interface Network {
  /** An address that no case has had: browsers remember hosts that failed. */
  nextHost(): string
  /** Command line that runs a program beside the servers. */
  within(program: string, ...args: string[]): [string, string[]]
  /** Ports of our ends of those that exist. */
  flows(host: string): Promise<string[]>
  /** They lose every packet from now on; new ones work. */
  lose(flows: readonly string[], direction: Direction): Promise<void>
  /** Both ends are told by a reset. */
  reset(flows: readonly string[]): Promise<void>
  /** No packet comes through. */
  blackHole(): Promise<void>
  /** Nobody listens there, says the network. */
  refuse(): Promise<void>
  /** Each way, percent of the packets. */
  leak(percent: number): Promise<void>
  /** Each way. */
  throttle(kilobits: number): Promise<void>
  unplug(): Promise<void>
  plugIn(): Promise<void>
  /** The hosts are reached, and nothing else: some platforms then say that there is no network. */
  seclude(): Promise<void>
  /** Undoes all. */
  calm(): Promise<void>
  close(): void
}

const DEVICE = 'browsers'
const PEER = 'servers'
const ADDRESS = '10.77.0.1'
const GATEWAY = '10.77.1.1'
const HOSTS = 200

const RULES = `
flush ruleset
table inet faults {
  set gone_up { type inet_service; }
  set gone_down { type inet_service; }
  set cut { type inet_service; }
  chain up {
    type filter hook output priority 0;
    oifname "${DEVICE}" tcp sport @gone_up drop
    oifname "${DEVICE}" tcp sport @cut reject with tcp reset
    oifname "${DEVICE}" jump more
  }
  chain down {
    type filter hook input priority 0;
    iifname "${DEVICE}" tcp dport @gone_down drop
    iifname "${DEVICE}" tcp dport @cut reject with tcp reset
    iifname "${DEVICE}" jump more
  }
  chain more { }
}
`

const run = promisify(execFile)

/** nft reads a program from a file only. */
async function nft(program: string): Promise<void> {
  const child = spawn('nft', ['-f', '-'], { stdio: ['pipe', 'ignore', 'inherit'] })
  child.stdin.end(program)
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (code !== 0) throw new Error(`nft refused: ${program}`)
}

/** Ports of ours that are connected to a host. */
async function flows(host: string): Promise<string[]> {
  const { stdout } = await run('ss', ['-Htn', 'state', 'established', 'dst', host])
  return stdout.split('\n').flatMap((line) => /:(\d+)\s+\S+:\d+/.exec(line)?.[1] ?? [])
}

async function startHolder(): Promise<ChildProcess> {
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo; exec sleep infinity'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once('data', () => resolve())
    holder.on('error', reject).on('exit', () => reject(new Error('no second namespace')))
  })
  return holder
}

export async function createNetwork(): Promise<Network> {
  const holder = await startHolder()
  const within = (program: string, ...args: string[]): [string, string[]] => [
    'nsenter',
    ['--net', `--target=${holder.pid}`, program, ...args],
  ]
  const here = (program: string, ...args: string[]): Promise<unknown> => run(program, args)
  const ip = (...args: string[]): Promise<unknown> => here('ip', ...args)
  const there = (program: string, ...args: string[]): Promise<unknown> => run(...within(program, ...args))
  const ends = [
    { act: here, device: DEVICE },
    { act: there, device: PEER },
  ]
  const queue = (verb: 'add' | 'del', ...limits: string[]): Promise<unknown> =>
    Promise.all(ends.map(({ act, device }) => act('tc', 'qdisc', verb, 'dev', device, 'root', ...limits)))
  const more = (rule: string): Promise<void> => nft(`add rule inet faults more ${rule}\n`)
  const mark = (set: string, ports: readonly string[]): Promise<void> =>
    nft(`add element inet faults ${set} { ${ports.join(', ')} }\n`)
  // Firefox and WebKitGTK take a way to everywhere for being online; it goes when the link goes down.
  const route = async (): Promise<void> => void (await ip('route', 'replace', 'default', 'via', GATEWAY))
  const plugIn = async (): Promise<void> => {
    await ip('link', 'set', DEVICE, 'up')
    await route()
  }
  let hosts = 0

  await ip('link', 'set', 'lo', 'up')
  await ip('link', 'add', DEVICE, 'type', 'veth', 'peer', 'name', PEER, 'netns', String(holder.pid))
  await ip('addr', 'add', `${ADDRESS}/16`, 'dev', DEVICE)
  await there('ip', 'link', 'set', 'lo', 'up')
  await there('ip', 'link', 'set', PEER, 'up')
  await plugIn()
  await Promise.all(
    Array.from({ length: HOSTS }, (_, n) => there('ip', 'addr', 'add', `10.77.1.${n + 1}/16`, 'dev', PEER)),
  )
  await nft(RULES)

  return {
    within,
    nextHost: () => `10.77.1.${(hosts++ % HOSTS) + 1}`,
    flows,
    async lose(ports, direction) {
      if (direction !== 'down') await mark('gone_up', ports)
      if (direction !== 'up') await mark('gone_down', ports)
    },
    reset: (ports) => mark('cut', ports),
    blackHole: () => more('drop'),
    refuse: () => more('meta l4proto tcp reject with tcp reset'),
    leak: (percent) => more(`numgen random mod 100 < ${percent} drop`),
    throttle: async (kilobits) =>
      void (await queue('add', 'tbf', 'rate', `${kilobits}kbit`, 'burst', '4kb', 'latency', '2s')),
    unplug: async () => void (await ip('link', 'set', DEVICE, 'down')),
    plugIn,
    seclude: async () => void (await ip('route', 'del', 'default')),
    async calm() {
      await nft(RULES)
      await plugIn()
      // There is none, as a rule.
      await queue('del').catch(() => {})
    },
    close: () => void holder.kill(),
  }
}
