/**
 * A WebSocket transport that keeps the contract badly: what comes after it was let go is told all the same. The driver's own guard against
 * links that are not its newest can only be seen to work behind such a one.
 */
// oxlint-disable unicorn/prefer-add-event-listener -- the virtual socket has handlers only
import type { Transport } from '@holdfast/client'
import type { Packet } from '@holdfast/protocol'
import type { VirtualSocket } from './socket.ts'

export const sloppySocket = (create: typeof WebSocket): Transport => ({
  name: 'webSocket',
  provable: true,
  open({ url, wire }, events) {
    const socket = new create(url, [...wire.protocols]) as unknown as VirtualSocket
    const send = (packet: Packet): void => {
      try {
        socket.send(packet as string)
      } catch {
        // Connecting: lost with the link, as the contract allows.
      }
    }
    socket.onopen = () => {
      if (wire.first !== null) send(wire.first)
      events.opened()
    }
    socket.onmessage = ({ data }) => events.received(data)
    socket.onclose = ({ code, reason }) => events.dropped({ code, reason })
    return {
      send: (frames) => wire.pack(frames).forEach(send),
      buffered: 0,
      close(last) {
        if (last) wire.pack(last).forEach(send)
        socket.close()
      },
    }
  },
})
