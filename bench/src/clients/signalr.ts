import { HttpTransportType, HubConnectionBuilder, LogLevel } from '@microsoft/signalr'
import type { Open } from '../contract.ts'

export const open: Open = async ({ url, onMessage }) => {
  // In Node it takes its own copy of `ws`: giving it another is no public option.
  const connection = new HubConnectionBuilder()
    .withUrl(`${url}/hub`, { transport: HttpTransportType.WebSockets })
    .withAutomaticReconnect()
    .configureLogging(LogLevel.None)
    .build()
  connection.on('News', onMessage)
  await connection.start()
  return {
    send: (text) => void connection.send('Message', text),
    acknowledged: (text) => connection.invoke('Message', text),
    echo: (text) => connection.invoke('Echo', text),
    close: () => connection.stop(),
  }
}
