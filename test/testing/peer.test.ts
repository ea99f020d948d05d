import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { createPeer } from '../../packages/testing/src/peer.ts'

/** Both ends of a connection, and what the peer at one of them has told. */
async function openPair() {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const far = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  const [near] = (await once(server, 'connection')) as [Socket]
  far.on('error', () => {})
  near.on('error', () => {})
  let told = (_by: string): void => {}
  const gone = new Promise<string>((resolve) => (told = resolve))
  const peer = createPeer(near, { drained() {}, ended() {}, closed: (by) => told(by) })
  return {
    far,
    peer,
    gone,
    async close() {
      far.destroy()
      near.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test.each([
  ['in the turn in which its FIN is asked for', async () => {}],
  ['when the other side has heard its FIN', (far: Socket) => once(far.resume(), 'end')],
])('a reset closes a peer that has ended its side: %s', async (_when, pause) => {
  const { peer, far, gone, close } = await openPair()
  peer.end()
  await pause(far)
  peer.close('reset')
  expect(await gone).toBe('proxy')
  await close()
})

test('a reset of a peer whose bytes nobody reads closes it at once', async () => {
  const { peer, far, gone, close } = await openPair()
  far.pause()
  while (peer.write(Buffer.alloc(1_048_576)));
  peer.end()
  peer.close('reset')
  expect(await gone).toBe('proxy')
  await close()
})
