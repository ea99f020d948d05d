// Where the realtime connection of a page goes.

/** The page is served beside the proxy, not through it; the service tells the port. */
export function realtimeUrl(): string {
  const port = document.querySelector<HTMLMetaElement>('meta[name=realtime-port]')?.content ?? ''
  return `${location.protocol}//${location.hostname}:${port}/realtime`
}
