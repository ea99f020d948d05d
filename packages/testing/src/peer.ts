// One socket of a link, and how it can end.
import type { Socket } from 'node:net'
import { createReader, type Reader } from './reader.ts'
import type { Ending } from './rules.ts'

export interface Peer {
  readonly reader: Reader
  /** Returns false if it wants no more until it has drained. What is written to a socket that is gone vanishes. */
  write(bytes: Buffer): boolean
  /** Says that nothing more will come, and goes on listening. */
  end(): void
  /** Ends the connection: after what was written, or at once. */
  close(how: Ending): void
  destroy(): void
  /** Answers the other's FIN with ours, now or when it comes: it would stay half-closed for ever. */
  answerEnd(): void
  /** How it ended, or ends now. */
  finish(): Ending
  closed(): boolean
}

export interface PeerEvents {
  /** There is room again, or no need of it any more. */
  drained(): void
  /** The other side said that nothing more will come. */
  ended(): void
  /** It is gone. `late`: it broke after it had ended, which its reader cannot tell. */
  closed(by: 'end' | 'reset' | 'proxy', late: boolean): void
}

export function createPeer(socket: Socket, on: PeerEvents): Peer {
  const reader = createReader(socket)
  let endedBy: 'other' | 'proxy' = 'other'
  // Latency is the rules' business, not the kernel's.
  socket.setNoDelay(true)
  socket.on('drain', on.drained)
  socket.on('end', on.ended)
  socket.on('close', (hadError) => {
    on.drained()
    const finish = hadError ? 'reset' : (reader.finish() ?? 'reset')
    on.closed(endedBy === 'proxy' ? 'proxy' : finish, hadError && reader.finish() === 'end')
  })

  function endIfOpen(act: () => void): void {
    if (socket.destroyed) return
    endedBy = 'proxy'
    act()
  }

  return {
    reader,
    write: (bytes) => !socket.writable || socket.write(bytes),
    end: () => void socket.end(),
    // Where a FIN is under way already, the system refuses the RST and Node would never close the socket: it is dropped instead.
    close: (how) =>
      endIfOpen(() => {
        if (how === 'end') socket.destroySoon()
        else if (socket.writableEnded) socket.destroy()
        else socket.resetAndDestroy()
      }),
    destroy: () => endIfOpen(() => socket.destroy()),
    answerEnd() {
      if (reader.finish() === null) socket.once('end', () => socket.end())
      else socket.end()
    },
    finish: () => (socket.errored ? 'reset' : (reader.finish() ?? 'end')),
    closed: () => socket.destroyed,
  }
}
