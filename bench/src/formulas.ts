/** Where each library decides how long to wait, so that anybody can look. */
export const formulas: Record<string, string> = {
  holdfast:
    'packages/client/src/attempts.ts: over(), fall(); retrySpread and its default in packages/server/src/options.ts',
  'socket.io': 'socket.io-client: Backoff.duration() in build/esm/contrib/backo2.js, with the defaults of Manager',
  signalr:
    '@microsoft/signalr: DefaultReconnectPolicy.nextRetryDelayInMilliseconds() in dist/esm/DefaultReconnectPolicy.js',
  centrifuge: 'centrifuge: Centrifuge._getReconnectDelay(), which calls backoff(), in build/index.js',
  partysocket: 'partysocket: ReconnectingWebSocket._getNextDelay() in dist/ws.js',
  phoenix: 'phoenix: Socket.reconnectAfterMs() in assets/js/phoenix/socket.js',
}
